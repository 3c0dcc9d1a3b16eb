terraform {
  # 1.11 locks S3 state with a file of its own (no DynamoDB table) and checks one
  # variable against another.
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

# The region of everything in this state. The provider works there, and nowhere else, even
# if aws_region says something new by now: in another region it would find nothing, forget
# all that it made, and AWS would go on charging for it.
resource "terraform_data" "region" {
  input = var.aws_region

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input == var.aws_region
      error_message = "aws_region is ${var.aws_region}, but everything in this state is in ${self.input}, and AWS can't move it: set ${self.input} again, or make a second stack beside it (terraform workspace new ${var.aws_region}; terraform/README.md)."
    }
  }
}

provider "aws" {
  region = terraform_data.region.input

  default_tags {
    tags = {
      Project   = var.project
      ManagedBy = "terraform"
    }
  }
}
