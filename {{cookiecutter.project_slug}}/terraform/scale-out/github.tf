# The role of GitHub's deployment here. Whom it trusts is what ../github.tf trusts: jobs of
# one repository's environment `production`, on main.
locals {
  github_enabled = var.github_subject_prefix != ""
  github_issuer  = "token.actions.githubusercontent.com"
  github_jobs = {
    aud = "sts.amazonaws.com"
    sub = "${var.github_subject_prefix}:environment:production"
    ref = "refs/heads/main"
  }

  # What one cluster's parts are called: arn:aws:ecs:REGION:ACCOUNT: (The families below are
  # named by themselves: after a new revision, whatever refers to it is unknown for a while.)
  ecs_prefix = trimsuffix(aws_ecs_cluster.this.arn, "cluster/${aws_ecs_cluster.this.name}")
}

# The main root's: an account has one.
data "aws_iam_openid_connect_provider" "github" {
  count = local.github_enabled ? 1 : 0

  url = "https://${local.github_issuer}"
}

data "aws_iam_policy_document" "github_trust" {
  count = local.github_enabled ? 1 : 0

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [data.aws_iam_openid_connect_provider.github[0].arn]
    }

    dynamic "condition" {
      for_each = local.github_jobs

      content {
        test     = "StringEquals"
        variable = "${local.github_issuer}:${condition.key}"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "github" {
  count = local.github_enabled ? 1 : 0

  name_prefix          = "${trimsuffix(substr(var.project, 0, 30), "-")}-ecs-"
  description          = "Assumed by GitHub's deployment to ${var.domain}"
  assume_role_policy   = data.aws_iam_policy_document.github_trust[0].json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "github" {
  count = local.github_enabled ? 1 : 0

  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # AWS knows no narrower resource for it
  }

  statement {
    sid = "PushTheImage"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [data.aws_ecr_repository.app.arn]
  }

  # A revision can run nothing that the role below does not start.
  statement {
    sid = "MakeRevisions"
    actions = [
      "ecs:DescribeTaskDefinition",
      "ecs:ListTaskDefinitions",
      "ecs:RegisterTaskDefinition",
    ]
    resources = ["*"] # AWS knows no narrower resource for the first two
  }

  statement {
    sid       = "GiveVerdicts"
    actions   = ["ecs:ListTagsForResource", "ecs:TagResource"]
    resources = ["${local.ecs_prefix}task-definition/${var.project}:*"]
  }

  statement {
    sid       = "HandOverTheContainersRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.start.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "Migrate"
    actions   = ["ecs:RunTask"]
    resources = ["${local.ecs_prefix}task-definition/${var.project}-migration:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  statement {
    sid     = "RollAndWatch"
    actions = ["ecs:DescribeServices", "ecs:DescribeTasks", "ecs:UpdateService"]
    resources = [
      "${local.ecs_prefix}service/${aws_ecs_cluster.this.name}/${local.service}",
      "${local.ecs_prefix}task/${aws_ecs_cluster.this.name}/*",
    ]
  }
}

resource "aws_iam_role_policy" "github" {
  count = local.github_enabled ? 1 : 0

  name   = "push-image-and-deploy"
  role   = aws_iam_role.github[0].id
  policy = data.aws_iam_policy_document.github[0].json
}
