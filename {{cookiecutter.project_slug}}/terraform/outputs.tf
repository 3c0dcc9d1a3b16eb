output "api_url" {
  description = "Where the API answers after the first deploy."
  value       = "${local.api_origin}/api/v1"
}

output "public_ip" {
  description = "The server's address; a domain's A record points here."
  value       = aws_eip.server.public_ip
}

output "ssh_command" {
  description = "How to get a shell on the server."
  value = (
    local.ssh_cidr == null
    ? "SSH is closed (your_ip is empty); instead, with the AWS CLI's Session Manager plugin: aws ssm start-session --region ${var.aws_region} --target ${aws_instance.server.id}"
    : "ssh -i '${replace(var.key_pair_name, "'", "'\\''")}.pem' ec2-user@${aws_eip.server.public_ip}"
  )
}

output "first_boot_log" {
  description = "What the machine did at its first boot, for when a deploy says that it is not ready."
  value       = "aws ec2 get-console-output --region ${var.aws_region} --instance-id ${aws_instance.server.id} --latest --output text"
}

output "ecr_repository_url" {
  description = "Where the images are pushed to."
  value       = aws_ecr_repository.app.repository_url
}

output "instance_id" {
  description = "The server."
  value       = aws_instance.server.id
}

output "data_volume_id" {
  description = "The volume with the database and the secrets."
  value       = aws_ebs_volume.data.id
}

output "backup_bucket" {
  description = "Where the backups are."
  value       = aws_s3_bucket.backups.bucket
}

output "github_variables" {
  description = "The deployment's settings: terraform output -raw github_variables | gh variable set --env-file -"
  value = join("", [
    for name, value in {
      AWS_REGION      = var.aws_region
      AWS_DEPLOY_ROLE = try(aws_iam_role.github[0].arn, "")
      ECR_REPOSITORY  = aws_ecr_repository.app.name
      EC2_INSTANCE_ID = aws_instance.server.id
      DEPLOY_DOCUMENT = aws_ssm_document.deploy.name
      API_URL         = "${local.api_origin}/api/v1"
    } : "${name}=${value}\n"
  ])
}

output "managed_database_password_command" {
  description = "Prints the password of the managed database's owner, which move-database.sh asks for."
  value = join("", [
    for database in aws_db_instance.managed :
    "aws secretsmanager get-secret-value --region ${var.aws_region} --secret-id '${database.master_user_secret[0].secret_arn}' --query SecretString --output text | jq -r .password"
  ])
}
