output "api_url" {
  description = "Where the API answers."
  value       = "https://${var.domain}/api/v1"
}

output "github_variables" {
  description = "Bring GitHub's deployment here: terraform output -raw github_variables | gh variable set --env-file -"
  value = join("", [
    for name, value in {
      AWS_REGION      = var.aws_region
      AWS_DEPLOY_ROLE = try(aws_iam_role.github[0].arn, "")
      ECR_REPOSITORY  = data.aws_ecr_repository.app.name
      ECS_CLUSTER     = aws_ecs_cluster.this.name
      ECS_SERVICE     = aws_ecs_service.app.name
      API_URL         = "https://${var.domain}/api/v1"
    } : "${name}=${value}\n"
  ])
}

locals {
  ecs = "--region ${var.aws_region} --cluster ${aws_ecs_cluster.this.name}"

  run_migration = join(" ", [
    "aws ecs run-task ${local.ecs} --query 'tasks[0].taskArn' --output text",
    "--launch-type FARGATE --task-definition ${aws_ecs_task_definition.migration.arn}",
    "--network-configuration 'awsvpcConfiguration={subnets=[${join(",", aws_subnet.public[*].id)}],securityGroups=[${aws_security_group.this["app"].id}],assignPublicIp=ENABLED}'",
  ])
}

output "migrate_command" {
  description = "For the first release: sets up the database's roles and migrates it, waits for the end, and fails if the migration did."
  value = join(" && ", [
    "task=$(${local.run_migration})",
    "aws ecs wait tasks-stopped ${local.ecs} --tasks \"$task\"",
    "code=$(aws ecs describe-tasks ${local.ecs} --tasks \"$task\" --query 'tasks[0].containers[0].exitCode' --output text)",
    "{ [ \"$code\" = 0 ] && echo migrated || { echo \"the migration failed (exit code $code): see log_command\" >&2; false; }; }",
  ])
}

output "check_command" {
  description = "For the first release: waits until its containers are healthy, and fails if another one serves."
  value = join(" && ", [
    "aws ecs wait services-stable ${local.ecs} --services ${aws_ecs_service.app.name}",
    "serving=$(aws ecs describe-services ${local.ecs} --services ${aws_ecs_service.app.name} --query 'services[0].taskDefinition' --output text)",
    "{ [ \"$serving\" = ${aws_ecs_task_definition.app.arn} ] && echo ${var.image_tag} serves || { echo \"${var.image_tag} does not serve, $serving does: see log_command\" >&2; false; }; }",
  ])
}

output "try_command" {
  description = "Asks the new service by its own address, before or after the domain points to it."
  value       = "curl --fail --connect-to ${var.domain}:443:${aws_lb.this.dns_name}:443 https://${var.domain}/api/v1/common/health-check"
}

output "log_command" {
  description = "Follows what the containers say."
  value       = "aws logs tail --region ${var.aws_region} --follow ${aws_cloudwatch_log_group.app.name}"
}
