# The image that GitHub's deployment pushed: the same, with the same settings.
data "aws_ecr_repository" "app" {
  name = var.project
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/ecs/${var.project}"
  retention_in_days = 14
}

resource "aws_ecs_cluster" "this" {
  name = var.project
}

locals {
  service = "app"

  # Encrypted (RDS refuses anything else since PostgreSQL 15), but whose certificate it is
  # goes unasked: Amazon signs RDS's by itself, and the image does not know that signer.
  database = "$DATABASE_HOST:5432/library?sslmode=require"

  # The certificate is verified.
  cache = "export REDIS_URL=\"rediss://library:$CACHE_PASSWORD@$CACHE_HOST:6379/0\";"

  # A quarter of a processor is enough for one process. Each of its threads may keep a
  # connection to the database: those that read, half as many that write, and one for the
  # health check (config/pools.py).
  threads              = 6
  connections_per_task = local.threads + floor(local.threads / 2) + 1

  settings = {
    WEB_CONCURRENCY      = "1"
    WEB_THREADS          = tostring(local.threads)
    RELEASE              = var.image_tag
    DATABASE_HOST        = aws_db_instance.this.address
    CACHE_HOST           = aws_elasticache_replication_group.this.primary_endpoint_address
    ALLOWED_HOSTS        = var.domain
    CSRF_TRUSTED_ORIGINS = "https://${var.domain}"
    USE_HTTPS            = "on"
    NUM_PROXIES          = "1"        # the load balancer
    KEEP_ALIVE_SECONDS   = "75"       # longer than the load balancer's idle_timeout: it must hang up first
    TMPDIR               = "/dev/shm" # memory: all else is read-only

    # Seconds, also for a transaction: readers wait for a lock for two. Raise it for a release
    # that builds an index CONCURRENTLY on large tables.
    MIGRATION_STATEMENT_TIMEOUT = "1"
  }

  # The load balancer's health check calls a container by its address.
  start = join(" ", [
    local.cache,
    "export DATABASE_URL=\"postgres://api:$API_PASSWORD@${local.database}\"",
    "ALLOWED_HOSTS=\"$ALLOWED_HOSTS,$(hostname -i | tr ' ' ',')\";",
    "exec \"$@\"",
  ])

  migrate = join(" ", [
    local.cache,
    "export DATABASE_URL=\"postgres://migrator:$MIGRATOR_PASSWORD@${local.database}\"",
    "DATABASE_ADMIN_URL=\"postgres://library:$DATABASE_PASSWORD@${local.database}\";",
    "python -m config.database_roles && exec python manage.py migrate --noinput",
  ])

  # Any answer will do, "no database" too: ECS kills what fails here, and a new container
  # would find no database either. The health check has a thread of its own, so it is
  # answered while all others wait for a database.
  alive = "from config.healthcheck import ask; ask(8000, timeout=4)"
}

locals {
  # What both kinds of container have. Neither can change its own files, nor become root.
  container = {
    name        = "app"
    image       = "${data.aws_ecr_repository.app.repository_url}:${var.image_tag}"
    essential   = true
    environment = [for name, value in local.settings : { name = name, value = value }]

    user                   = "10001"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.app.name
        awslogs-region        = var.aws_region
        awslogs-stream-prefix = "app"
      }
    }
  }

  api_container = merge(local.container, {
    entryPoint   = ["sh", "-c", local.start, "start"]
    command      = ["gunicorn", "--config", "config/gunicorn.py"]
    portMappings = [{ containerPort = 8000, hostPort = 8000, protocol = "tcp" }]
    secrets = [
      for name in ["SECRET_KEY", "JWT_SECRET_KEY", "API_PASSWORD", "CACHE_PASSWORD"] :
      { name = name, valueFrom = local.secret_arns[name] }
    ]

    healthCheck = {
      command     = ["CMD", "python", "-c", local.alive]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }

    stopTimeout = 30 # longer than gunicorn's graceful_timeout
  })

  # Only this one knows who may change tables and roles (config/database_roles.py).
  migration_container = merge(local.container, {
    entryPoint = ["sh", "-c"]
    command    = [local.migrate]
    secrets    = [for name, arn in local.secret_arns : { name = name, valueFrom = arn }]
  })
}

# Each change here makes a new revision. The next deployment takes it, and sets the image:
# what Terraform registers is what a release begins with (ci/release/ecs.py).
resource "aws_ecs_task_definition" "app" {
  family                   = var.project
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.start.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([local.api_container])

  # A revision may serve, or be gone back to, when the next one is there.
  skip_destroy = true
}

resource "aws_ecs_task_definition" "migration" {
  family                   = "${var.project}-migration"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.start.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([local.migration_container])
}

resource "aws_ecs_service" "app" {
  name            = local.service
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.app.arn
  desired_count   = var.min_tasks
  launch_type     = "FARGATE"

  # New containers first, old ones after; a release that does not start is taken back.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = aws_subnet.public[*].id
    security_groups  = [aws_security_group.this["app"].id]
    assign_public_ip = true
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.app.arn
    container_name   = "app"
    container_port   = 8000
  }

  lifecycle {
    ignore_changes = [
      desired_count,   # autoscaling's
      task_definition, # the deployment's, after the first
    ]
  }

  depends_on = [aws_lb_listener.https, aws_iam_role_policy.start]
}

resource "aws_appautoscaling_target" "app" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.app.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks

  lifecycle {
    precondition {
      # In a deploy twice as many run. Ten are left for migrations and for you.
      condition     = 2 * var.max_tasks * local.connections_per_task + 10 <= local.database_connections
      error_message = "max_tasks is ${var.max_tasks}: in a deploy ${2 * var.max_tasks} containers run, with ${local.connections_per_task} connections to the database each, and it takes ${local.database_connections}. Accepted: up to ${floor((local.database_connections - 10) / 2 / local.connections_per_task)}; for more, a larger database (database.tf)."
    }
  }
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${var.project}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.app.service_namespace
  resource_id        = aws_appautoscaling_target.app.resource_id
  scalable_dimension = aws_appautoscaling_target.app.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
