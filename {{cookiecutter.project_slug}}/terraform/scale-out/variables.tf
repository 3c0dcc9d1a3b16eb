variable "project" {
  description = "The same as in ../prod.tfvars: it names the ECR repository with the image."
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

variable "domain" {
  description = "Where the API answers, for example api.example.com. HTTPS needs a name."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "domain must be a lower-case host name such as api.example.com, without https:// or a path."
  }
}

variable "zone_name" {
  description = "The public Route 53 zone that holds the domain, for example example.com."
  type        = string

  validation {
    condition     = var.domain == var.zone_name || endswith(var.domain, ".${var.zone_name}")
    error_message = "zone_name must be the domain itself or what it ends with: api.example.com is in example.com."
  }
}

variable "image_tag" {
  description = "The release to begin with: the tag, a commit, of an image in the project's ECR repository. Later ones come by GitHub's deployment."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{7,40}$", var.image_tag))
    error_message = "image_tag must be a commit: 7 to 40 of 0-9 and a-f."
  }
}

variable "min_tasks" {
  description = "Containers at the quietest time. With two, one availability zone may fail."
  type        = number
  default     = 2

  validation {
    condition     = var.min_tasks >= 1 && floor(var.min_tasks) == var.min_tasks
    error_message = "min_tasks must be a whole number from 1."
  }
}

variable "max_tasks" {
  description = "Containers at the busiest time; it bounds the bill."
  type        = number
  default     = 6

  validation {
    condition     = var.max_tasks >= var.min_tasks && floor(var.max_tasks) == var.max_tasks
    error_message = "max_tasks must be a whole number, and no less than min_tasks."
  }
}

variable "high_availability" {
  description = "true keeps a second database and a second cache in another zone, for twice their price."
  type        = bool
  default     = false
}

variable "protect_data" {
  description = "false lets terraform destroy delete the database without a last snapshot."
  type        = bool
  default     = true
}

variable "point_domain_here" {
  description = "true points the domain here, away from where it pointed before: the last step, once the data is here."
  type        = bool
  default     = false
}

variable "snapshot" {
  description = "A snapshot of the main root's managed database, to begin with its rows. Empty: begin with none. Only read when the database is made."
  type        = string
  default     = ""
}

variable "github_subject_prefix" {
  description = "The same as in ../prod.tfvars: the repository whose deployment may bring releases here. Empty: GitHub gets no role."
  type        = string
  default     = ""

  validation {
    condition     = var.github_subject_prefix == "" || can(regex("^repo:[A-Za-z0-9_-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$", var.github_subject_prefix))
    error_message = "github_subject_prefix must look like repo:owner@123/name@456 (or repo:owner/name for an older repository)."
  }
}
