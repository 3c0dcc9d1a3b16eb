# Where the backups go (scripts/backup.sh): off the machine, so that they outlive it.
#
# What is in them is as secret as the server: its rows, and secrets.env. S3 encrypts them
# with a key of its own (SSE-S3). A passphrase was weighed and left out: a backup that runs
# by night would have to find it on the server, and whoever lost the server and the
# passphrase would have lost the backups. So the account is the lock: who may read this
# bucket may read the backups.
resource "aws_s3_bucket" "backups" {
  # Names are one list for the whole world: AWS adds what makes ours unlike others.
  bucket_prefix = "${trimsuffix(substr(var.project, 0, 28), "-")}-backups-"

  # terraform destroy ends at a bucket that is not empty, and the backups outlive it.
  force_destroy = !var.keep_backups
}

# The server can overwrite, but what it overwrote stays.
resource "aws_s3_bucket_versioning" "backups" {
  bucket = aws_s3_bucket.backups.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    id     = "forget-old-backups"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.backups]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "backups" {
  bucket = aws_s3_bucket.backups.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "backups_encrypted_only" {
  statement {
    sid       = "EncryptedConnectionsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.backups.arn, "${aws_s3_bucket.backups.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "backups" {
  bucket = aws_s3_bucket.backups.id
  policy = data.aws_iam_policy_document.backups_encrypted_only.json

  depends_on = [aws_s3_bucket_public_access_block.backups]
}

# It may write backups and read them, and delete none: who breaks into the server can't
# destroy them.
data "aws_iam_policy_document" "keep_backups" {
  statement {
    sid       = "ListTheBackups"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.backups.arn]
  }

  statement {
    sid       = "WriteAndReadBackups"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.backups.arn}/*"]
  }

  statement {
    sid       = "SayHowLargeTheyAre"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # AWS knows no narrower resource for it

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Library"]
    }
  }
}

resource "aws_iam_role_policy" "keep_backups" {
  name   = "keep-backups"
  role   = aws_iam_role.server.id
  policy = data.aws_iam_policy_document.keep_backups.json
}
