# GitHub's deployment proves who it is with a token (OIDC): no AWS key is stored anywhere.
locals {
  github_enabled = var.github_subject_prefix != ""
  github_issuer  = "token.actions.githubusercontent.com"
  github_provider_arn = !local.github_enabled ? null : (
    var.create_github_oidc_provider
    ? aws_iam_openid_connect_provider.github[0].arn
    : data.aws_iam_openid_connect_provider.github[0].arn
  )
}

resource "aws_iam_openid_connect_provider" "github" {
  count = local.github_enabled && var.create_github_oidc_provider ? 1 : 0

  url            = "https://${local.github_issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_openid_connect_provider" "github" {
  count = local.github_enabled && !var.create_github_oidc_provider ? 1 : 0

  url = "https://${local.github_issuer}"
}

data "aws_iam_policy_document" "github_trust" {
  count = local.github_enabled ? 1 : 0

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.github_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Equal, not alike. `sub`: one repository, and in it only jobs of this environment,
    # whose protection is GitHub's to keep (docs/ci.md). `ref`: the run is main's, whatever
    # the environment lets in, so a workflow in another branch gets no role. Since January
    # 2026 AWS evaluates `ref` too; it is in the IAM User Guide's "condition keys for AWS
    # OIDC federation". Not `job_workflow_ref`: only jobs of a reusable workflow have one.
    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:sub"
      values   = ["${var.github_subject_prefix}:environment:production"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:ref"
      values   = ["refs/heads/main"]
    }
  }
}

resource "aws_iam_role" "github" {
  count = local.github_enabled ? 1 : 0

  name_prefix          = "${local.short_name}-github-"
  description          = "Assumed by the deployment of ${var.github_repository}"
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
    resources = [aws_ecr_repository.app.arn]
  }

  # SendCommand needs both: this document, on this server.
  statement {
    sid       = "RunTheDeployDocument"
    actions   = ["ssm:SendCommand"]
    resources = [aws_ssm_document.deploy.arn, aws_instance.server.arn]
  }

  statement {
    sid       = "ReadItsResult"
    actions   = ["ssm:GetCommandInvocation"]
    resources = ["*"] # AWS knows no narrower resource for it
  }
}

resource "aws_iam_role_policy" "github" {
  count = local.github_enabled ? 1 : 0

  name   = "push-image-and-deploy"
  role   = aws_iam_role.github[0].id
  policy = data.aws_iam_policy_document.github[0].json
}
