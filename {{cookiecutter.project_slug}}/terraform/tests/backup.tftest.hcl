# The backups' bucket: private, encrypted, and not lost by a destroy.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  project       = "a-name-of-forty-letters-is-the-longest-x"
  aws_region    = "ap-northeast-2"
  key_pair_name = "library"
}

run "backups_are_private_and_outlive_a_destroy" {
  command = plan

  assert {
    condition     = aws_s3_bucket.backups.force_destroy == false
    error_message = "A bucket with backups must refuse to be destroyed."
  }

  assert {
    condition     = length(aws_s3_bucket.backups.bucket_prefix) <= 37
    error_message = "AWS adds 26 characters to a bucket's prefix and allows 63 in all."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.backups.block_public_policy && aws_s3_bucket_public_access_block.backups.restrict_public_buckets && aws_s3_bucket_public_access_block.backups.block_public_acls && aws_s3_bucket_public_access_block.backups.ignore_public_acls
    error_message = "Nothing in the bucket may be public."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.backups.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "The backups must be encrypted."
  }

  assert {
    condition     = aws_s3_bucket_versioning.backups.versioning_configuration[0].status == "Enabled"
    error_message = "What the server overwrites must stay."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.backups_encrypted_only.statement).effect == "Deny" && one(one(data.aws_iam_policy_document.backups_encrypted_only.statement).condition).variable == "aws:SecureTransport"
    error_message = "No connection without TLS may reach the backups."
  }

  assert {
    condition     = !anytrue([for statement in data.aws_iam_policy_document.keep_backups.statement : anytrue([for action in statement.actions : strcontains(action, "Delete")])])
    error_message = "The server must not be able to delete a backup."
  }
}

run "unless_a_person_says_so" {
  command = plan

  variables {
    keep_backups = false
  }

  assert {
    condition     = aws_s3_bucket.backups.force_destroy
    error_message = "keep_backups = false must let the backups go."
  }
}
