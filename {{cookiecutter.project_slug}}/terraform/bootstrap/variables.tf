# prod.tfvars holds these two and more: -var-file=../prod.tfvars says so in a warning.
variable "project" {
  description = "Prefix of the bucket's name."
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
