# Who is told what.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  project       = "library"
  aws_region    = "ap-northeast-2"
  key_pair_name = "library"
  protect_data  = false # or the tests could not clean up
  alarm_email   = "student@example.com"
}

run "without_an_address_nothing_is_watched" {
  command = plan

  variables {
    alarm_email = ""
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.watched) + length(aws_sns_topic.alarms) == 0
    error_message = "No address, no alarm."
  }
}

run "each_alarm_writes_to_the_address" {
  assert {
    condition     = aws_sns_topic_subscription.alarms[0].endpoint == "student@example.com" && aws_sns_topic_subscription.alarms[0].topic_arn == aws_sns_topic.alarms[0].arn
    error_message = "The address must hear from the topic."
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.watched) == ["backup", "credits", "disk", "failures", "machine", "memory", "system"]
    error_message = "An alarm is missing."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.watched : contains(alarm.alarm_actions, aws_sns_topic.alarms[0].arn) && alarm.ok_actions == toset([aws_sns_topic.alarms[0].arn])])
    error_message = "Each alarm must say that it began and that it ended."
  }
}

run "a_machine_that_fails_is_recovered" {
  assert {
    condition     = contains(aws_cloudwatch_metric_alarm.watched["machine"].alarm_actions, "arn:aws:automate:ap-northeast-2:ec2:recover") && contains(aws_cloudwatch_metric_alarm.watched["system"].alarm_actions, "arn:aws:automate:ap-northeast-2:ec2:reboot")
    error_message = "Failed hardware means a recovery, a system that hangs means a reboot."
  }
}

run "silence_about_the_disk_is_an_alarm" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.watched["disk"].treat_missing_data == "breaching"
    error_message = "If watch.sh ends, somebody must hear of it."
  }

  assert {
    condition     = strcontains(local.host_files["/opt/library/host/terraform.env"], "WATCH='on'")
    error_message = "The server must be told to measure."
  }
}
