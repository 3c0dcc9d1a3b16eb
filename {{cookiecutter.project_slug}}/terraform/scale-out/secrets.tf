locals {
  # DATABASE_PASSWORD is the administrator's, whom the API does not know.
  app_secrets  = ["SECRET_KEY", "JWT_SECRET_KEY", "DATABASE_PASSWORD"]
  role_secrets = ["API_PASSWORD", "MIGRATOR_PASSWORD"]

  # Where ECS finds each.
  secret_arns = merge(
    { for name in local.app_secrets : name => "${aws_secretsmanager_secret_version.app.arn}:${name}::" },
    { for name in local.role_secrets : name => "${aws_secretsmanager_secret_version.roles.arn}:${name}::" },
    { CACHE_PASSWORD = "${aws_secretsmanager_secret_version.cache.arn}:CACHE_PASSWORD::" },
  )

  # Where CloudFormation finds the cache's: with its version, so that it sees a new one.
  cache_password_ref = join(":", [
    aws_secretsmanager_secret_version.cache.arn,
    "SecretString:CACHE_PASSWORD:",
    aws_secretsmanager_secret_version.cache.version_id,
  ])
}

# AWS draws them, Secrets Manager keeps them. Ephemeral and write-only: they pass through
# Terraform's memory, and never into its plan or its state.
ephemeral "aws_secretsmanager_random_password" "drawn" {
  for_each = toset(concat(local.app_secrets, local.role_secrets, ["CACHE_PASSWORD"]))

  password_length     = 50
  exclude_punctuation = true # the password becomes part of a URL
}

resource "aws_secretsmanager_secret" "app" {
  name_prefix = "${var.project}-"
  description = "The ${var.project} containers' secrets and their database's password"

  recovery_window_in_days = var.protect_data ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id = aws_secretsmanager_secret.app.id
  secret_string_wo = jsonencode({
    for name in local.app_secrets : name => ephemeral.aws_secretsmanager_random_password.drawn[name].random_password
  })

  # A higher number draws new ones. The database's own must go up with it.
  secret_string_wo_version = 1
}

# Those of the database's roles, which each migration gives them anew. A secret of their
# own: to add them to the one above, all of it would have to be drawn again.
resource "aws_secretsmanager_secret" "roles" {
  name_prefix = "${var.project}-roles-"
  description = "The passwords of the ${var.project} database's roles"

  recovery_window_in_days = var.protect_data ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "roles" {
  secret_id = aws_secretsmanager_secret.roles.id
  secret_string_wo = jsonencode({
    for name in local.role_secrets : name => ephemeral.aws_secretsmanager_random_password.drawn[name].random_password
  })

  # A higher number draws new ones; migrate at once, and then deploy.
  secret_string_wo_version = 1
}

# The cache's: a secret of its own for the same reason.
resource "aws_secretsmanager_secret" "cache" {
  name_prefix = "${var.project}-cache-"
  description = "The password of the ${var.project} containers in their cache"

  recovery_window_in_days = var.protect_data ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "cache" {
  secret_id = aws_secretsmanager_secret.cache.id
  secret_string_wo = jsonencode({
    CACHE_PASSWORD = ephemeral.aws_secretsmanager_random_password.drawn["CACHE_PASSWORD"].random_password
  })

  # A higher number draws a new one; deploy at once.
  secret_string_wo_version = 1
}

# Read back: if an apply fails between the two, the next one gives the database the
# password that was kept, not another.
ephemeral "aws_secretsmanager_secret_version" "app" {
  secret_id = aws_secretsmanager_secret_version.app.secret_id
}
