# How long the containers' logs are kept, and where the server learns of it.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  project       = "library"
  aws_region    = "ap-northeast-2"
  key_pair_name = "library"
  protect_data  = false # or the tests could not clean up
}

run "logs_are_kept_for_two_weeks" {
  assert {
    condition     = aws_cloudwatch_log_group.server[0].retention_in_days == 14
    error_message = "Logs must be forgotten after two weeks."
  }

  assert {
    condition     = strcontains(local.host_files["/opt/library/host/terraform.env"], "LOG_GROUP='/library/server'")
    error_message = "The server must be told where its logs go."
  }
}

run "or_they_stay_on_the_server" {
  variables {
    log_days = 0
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.server) == 0 && !contains(data.aws_iam_policy_document.server.statement[*].sid, "WriteTheLogs")
    error_message = "Without logs there is no place for them, and no right to write any."
  }

  assert {
    condition     = strcontains(local.host_files["/opt/library/host/terraform.env"], "LOG_GROUP=''")
    error_message = "The server must not look for a place that is not there."
  }
}
