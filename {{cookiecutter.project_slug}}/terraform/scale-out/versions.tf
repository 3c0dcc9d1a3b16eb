# For those who outgrow one machine: a load balancer, containers that come and go, a
# managed database and a managed cache. It costs many times as much: read README.md first.
terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.aws_region

  default_tags {
    tags = {
      Project   = var.project
      ManagedBy = "terraform"
      Root      = "scale-out"
    }
  }
}
