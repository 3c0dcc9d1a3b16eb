# What the containers say, off the machine: Docker sends it (scripts/logs.yml) with the
# rights of instance_role.tf. Readers' addresses are in it, so it is forgotten by itself.
resource "aws_cloudwatch_log_group" "server" {
  count = var.log_days > 0 ? 1 : 0

  name              = "/${var.project}/server"
  retention_in_days = var.log_days
}
