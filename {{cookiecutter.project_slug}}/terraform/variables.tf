# The first five come from prod.tfvars, which your answers filled in.

variable "project" {
  description = "Prefix of every name: the ECR repository, the roles, the deploy document."
  type        = string

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9])*$", var.project)) && length(var.project) >= 3 && length(var.project) <= 40
    error_message = "project must be 3 to 40 lower-case letters, digits and single hyphens, starting with a letter, for example library-api."
  }
}

variable "aws_region" {
  description = "AWS region, for example ap-northeast-2."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[1-9][0-9]?$", var.aws_region))
    error_message = "aws_region must look like ap-northeast-2 (a region, not an availability zone such as ap-northeast-2a)."
  }
}

variable "key_pair_name" {
  description = "Name of an EC2 key pair that already exists in aws_region."
  type        = string

  validation {
    condition     = length(trimspace(var.key_pair_name)) >= 1 && length(var.key_pair_name) <= 255 && !endswith(var.key_pair_name, ".pem")
    error_message = "key_pair_name is the key pair's name in AWS (1 to 255 characters), not its .pem file, for example library."
  }
}

variable "your_ip" {
  description = "Your computer's public IPv4 address, the only one that may use SSH. Empty closes SSH."
  type        = string
  default     = ""

  validation {
    condition     = var.your_ip == "" || can(regex("^[0-9.]+(/32)?$", var.your_ip)) && can(cidrhost("${trimsuffix(var.your_ip, "/32")}/32", 0))
    error_message = "your_ip must be one IPv4 address, for example 203.0.113.7 or 203.0.113.7/32, or empty to close SSH."
  }

  validation {
    condition     = !can(regex("^(0|10|127|169\\.254|192\\.168|172\\.(1[6-9]|2[0-9]|3[01]))\\.", var.your_ip))
    error_message = "your_ip is not a public address, and AWS sees your public one: curl https://checkip.amazonaws.com"
  }
}

variable "github_repository" {
  description = "The repository that deploys, as owner/name."
  type        = string
  default     = ""

  validation {
    condition     = var.github_repository == "" || can(regex("^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must look like owner/name."
  }
}

variable "github_subject_prefix" {
  description = <<-EOT
    How GitHub names your repository in its OIDC tokens. Ask GitHub, never type it by hand:
    gh api repos/OWNER/NAME/actions/oidc/customization/sub --jq .sub_claim_prefix
    Repositories made or renamed since 15 July 2026 have numbers in it. Empty: GitHub gets no role.
  EOT
  type        = string
  default     = ""

  validation {
    condition     = var.github_subject_prefix == "" || can(regex("^repo:[A-Za-z0-9_-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$", var.github_subject_prefix))
    error_message = "github_subject_prefix must look like repo:owner@123/name@456 (or repo:owner/name for an older repository)."
  }

  validation {
    condition     = var.github_subject_prefix == "" || lower(replace(trimprefix(var.github_subject_prefix, "repo:"), "/@[0-9]+/", "")) == lower(var.github_repository)
    error_message = "github_subject_prefix names another repository than github_repository: AWS would trust the wrong one."
  }
}

variable "create_github_oidc_provider" {
  description = "false if this AWS account already has GitHub's OIDC provider (only one may exist)."
  type        = bool
  default     = true
}

variable "domain" {
  description = "A domain that points to the server; with it the proxy fetches a certificate and serves HTTPS. Empty: HTTP."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "domain must be a lower-case host name such as api.example.com, without https:// or a path."
  }
}

variable "instance_type" {
  description = "An x86-64 type with 1 GiB of memory or more. t3.micro is in the free plan, t2.micro no longer is."
  type        = string
  default     = "t3.micro"
}

variable "data_volume_gib" {
  description = "Size of the volume that holds the database. It can grow later, never shrink."
  type        = number
  default     = 10

  validation {
    condition     = var.data_volume_gib >= 1 && var.data_volume_gib <= 16384 && floor(var.data_volume_gib) == var.data_volume_gib
    error_message = "data_volume_gib must be a whole number of GiB from 1 to 16384."
  }
}

variable "budget_email" {
  description = "Address that AWS writes to when the month's cost nears budget_usd. Empty: no budget."
  type        = string
  default     = ""

  validation {
    condition     = var.budget_email == "" || can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.budget_email))
    error_message = "budget_email must be one e-mail address, or empty."
  }
}

variable "budget_usd" {
  description = "US dollars a month."
  type        = number
  default     = 20

  validation {
    condition     = var.budget_usd > 0
    error_message = "budget_usd must be more than 0."
  }
}

variable "alarm_email" {
  description = "Address that the alarms of alarms.tf write to. Empty: none is made, and nothing is measured."
  type        = string
  default     = ""

  validation {
    condition     = var.alarm_email == "" || can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.alarm_email))
    error_message = "alarm_email must be one e-mail address, or empty."
  }
}

variable "log_days" {
  description = "CloudWatch keeps what the containers say for so many days. 0: it stays on the server alone."
  type        = number
  default     = 14

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_days)
    error_message = "log_days must be 0 or what CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365."
  }
}

variable "keep_backups" {
  description = "false lets terraform destroy delete the backups' bucket while backups are in it."
  type        = bool
  default     = true
}

variable "managed_database" {
  description = "true adds PostgreSQL on RDS, for more than the server costs; host/move-database.sh moves the data to it."
  type        = bool
  default     = false
}

variable "protect_data" {
  description = "true refuses terraform destroy, and the deletion of the server and the managed database. To destroy: apply false first."
  type        = bool
  default     = true
}

variable "upgrade_at" {
  description = "When the server installs updates of its packages and restarts for them, as systemd's OnCalendar has it; about a minute without the API. Empty: never."
  type        = string
  default     = "Sun 18:00 UTC" # in Seoul, three in the night to Monday

  validation {
    condition     = var.upgrade_at == "" || can(regex("^[A-Z][a-z]{2} [0-2][0-9]:[0-5][0-9] UTC$", var.upgrade_at))
    error_message = "upgrade_at must be a day and a time of the week, such as Sun 18:00 UTC."
  }
}
