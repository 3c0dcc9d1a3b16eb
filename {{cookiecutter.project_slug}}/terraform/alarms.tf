# What writes to alarm_email when something is wrong. Without an address there is none of it.
locals {
  watched = var.alarm_email != ""

  # What host/watch.sh measures on the machine; AWS itself sees no disk and no memory.
  measured = { namespace = "Library", dimensions = { Project = var.project } }
  server   = { namespace = "AWS/EC2", dimensions = { InstanceId = aws_instance.server.id } }

  # Each is wrong when `metric` is at or above `above` (or below `below`) for `periods`
  # times `seconds`. `silence`: what no data means.
  alarms = {
    machine  = merge(local.server, { metric = "StatusCheckFailed_System", above = 1, seconds = 60, periods = 2, action = "recover", text = "AWS's hardware fails: the server is moved to other hardware." })
    system   = merge(local.server, { metric = "StatusCheckFailed_Instance", above = 1, seconds = 60, periods = 5, action = "reboot", text = "The server's system does not answer: it is rebooted." })
    credits  = merge(local.server, { metric = "CPUCreditBalance", below = 5, seconds = 300, periods = 12, text = "The server has used up its CPU credits and is slow." })
    disk     = merge(local.measured, { metric = "DiskUsedPercent", above = 80, seconds = 300, periods = 3, silence = "breaching", text = "A disk of the server is nearly full, or host/watch.sh says nothing any more." })
    memory   = merge(local.measured, { metric = "MemoryUsedPercent", above = 90, seconds = 300, periods = 3, text = "The server has hardly any memory left." })
    failures = merge(local.measured, { metric = "FailedPercent", above = 5, seconds = 300, periods = 2, text = "Of a hundred answers five or more are errors of the server (5xx)." })
    backup   = { namespace = "Library", dimensions = { Bucket = aws_s3_bucket.backups.bucket }, metric = "BackupBytes", below = 1, seconds = 3600, periods = 26, silence = "breaching", text = "No backup came in 26 hours." }
  }
}

# Not encrypted: CloudWatch can't write to a topic under AWS's own key.
resource "aws_sns_topic" "alarms" {
  count = local.watched ? 1 : 0

  name = "${var.project}-alarms"
}

# AWS asks the address first: nothing is sent before its link has been followed.
resource "aws_sns_topic_subscription" "alarms" {
  count = local.watched ? 1 : 0

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "watched" {
  for_each = { for name, alarm in local.alarms : name => alarm if local.watched }

  alarm_name        = "${var.project}-${each.key}"
  alarm_description = each.value.text
  namespace         = each.value.namespace
  metric_name       = each.value.metric
  dimensions        = each.value.dimensions

  statistic           = can(each.value.below) ? "Minimum" : "Maximum"
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  threshold           = try(each.value.below, each.value.above)
  period              = each.value.seconds
  evaluation_periods  = each.value.periods
  treat_missing_data  = try(each.value.silence, "missing")

  ok_actions = [aws_sns_topic.alarms[0].arn]
  alarm_actions = concat([aws_sns_topic.alarms[0].arn], [
    for action in [try(each.value.action, "")] :
    "arn:${data.aws_partition.current.partition}:automate:${terraform_data.region.input}:ec2:${action}" if action != ""
  ])
}
