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

    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:sub"
      # The check's repository, with its numbers and without.
      values = [
        strcontains(var.github_subject_prefix, "@")
        ? "repo:grey-seal@43432/blue-whale@25455:environment:production"
        : "repo:grey-seal/blue-whale:environment:production"
      ]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:ref"
      values   = ["refs/heads/main"]
    }
  }
}
