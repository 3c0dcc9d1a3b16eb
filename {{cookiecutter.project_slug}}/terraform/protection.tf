# What refuses `terraform destroy` while protect_data is true, before anything is gone.
# AWS refuses, too, whoever asks it to delete the server or the managed database; but
# Terraform lifts the server's protection by itself. To destroy the stack:
#   terraform apply -var-file=prod.tfvars -var protect_data=false
#   terraform destroy -var-file=prod.tfvars
resource "terraform_data" "protection" {
  input = var.protect_data

  provisioner "local-exec" {
    when    = destroy
    command = self.input ? "echo protect_data is true, so nothing is destroyed: apply protect_data = false first && exit 1" : "exit 0"
  }

  # A thing is destroyed before what it depends on. So here stands all on which nothing
  # else depends: the rest goes after it.
  depends_on = [
    aws_budgets_budget.monthly,
    aws_cloudwatch_metric_alarm.watched,
    aws_db_instance.managed,
    aws_default_security_group.closed,
    aws_ecr_lifecycle_policy.app,
    aws_eip_association.server,
    aws_iam_role_policy.github,
    aws_iam_role_policy.keep_backups,
    aws_iam_role_policy.server,
    aws_iam_role_policy_attachment.server_ssm,
    aws_s3_bucket_lifecycle_configuration.backups,
    aws_s3_bucket_policy.backups,
    aws_s3_bucket_public_access_block.backups,
    aws_s3_bucket_server_side_encryption_configuration.backups,
    aws_sns_topic_subscription.alarms,
    aws_ssm_document.deploy,
    aws_volume_attachment.data,
    aws_vpc_security_group_egress_rule.database,
    aws_vpc_security_group_egress_rule.web,
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_ingress_rule.ssh,
    aws_vpc_security_group_ingress_rule.web,
  ]
}
