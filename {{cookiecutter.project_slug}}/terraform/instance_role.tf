# What the server may do. It has no key: these rights come with the machine.
data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  # AWS adds 26 characters to a role's prefix and allows 64 in all.
  short_name = trimsuffix(substr(var.project, 0, 30), "-")

  parameter_path = "/${var.project}/production"
  parameter_arn  = "arn:${data.aws_partition.current.partition}:ssm:${var.aws_region}:${data.aws_caller_identity.current.account_id}:parameter${local.parameter_path}"
}

data "aws_iam_policy_document" "server_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "server" {
  name_prefix        = "${local.short_name}-ec2-"
  description        = "What the ${var.project} server may do"
  assume_role_policy = data.aws_iam_policy_document.server_trust.json
}

# Systems Manager: deploys and shells without an open port.
resource "aws_iam_role_policy_attachment" "server_ssm" {
  role       = aws_iam_role.server.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

data "aws_iam_policy_document" "server" {
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # AWS knows no narrower resource for it
  }

  statement {
    sid = "PullTheImage"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]
    resources = [aws_ecr_repository.app.arn]
  }

  statement {
    sid       = "ReadTheParameters"
    actions   = ["ssm:GetParametersByPath"]
    resources = [local.parameter_arn]
  }

  statement {
    sid       = "SayHowItIs"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # AWS knows no narrower resource for it

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.measured.namespace]
    }
  }

  dynamic "statement" {
    for_each = aws_cloudwatch_log_group.server

    content {
      sid       = "WriteTheLogs"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${statement.value.arn}:*"]
    }
  }

  # Amazon's policy above would let it read every parameter of the account.
  statement {
    sid           = "NoOtherParameters"
    effect        = "Deny"
    actions       = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    not_resources = [local.parameter_arn, "${local.parameter_arn}/*"]
  }
}

resource "aws_iam_role_policy" "server" {
  name   = "pull-image-and-read-parameters"
  role   = aws_iam_role.server.id
  policy = data.aws_iam_policy_document.server.json
}

resource "aws_iam_instance_profile" "server" {
  name_prefix = "${local.short_name}-ec2-"
  role        = aws_iam_role.server.name
}
