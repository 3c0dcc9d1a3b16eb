output "api_url" {
  description = "Where the API answers."
  value       = "https://${var.domain}/api/v1"
}

output "migrate_command" {
  description = "Migrates the database with the newest task definition."
  value = join(" ", [
    "aws ecs run-task --region ${var.aws_region} --cluster ${aws_ecs_cluster.this.name}",
    "--launch-type FARGATE --task-definition ${aws_ecs_task_definition.app.family}",
    "--network-configuration 'awsvpcConfiguration={subnets=[${join(",", aws_subnet.public[*].id)}],securityGroups=[${aws_security_group.this["app"].id}],assignPublicIp=ENABLED}'",
    "--overrides '{\"containerOverrides\":[{\"name\":\"app\",\"command\":[\"python\",\"manage.py\",\"migrate\",\"--noinput\"]}]}'",
  ])
}

output "log_command" {
  description = "Follows what the containers say."
  value       = "aws logs tail --region ${var.aws_region} --follow ${aws_cloudwatch_log_group.app.name}"
}
