# AWS draws them, Secrets Manager keeps them. Ephemeral and write-only: they pass through
# Terraform's memory, and never into its plan or its state.
ephemeral "aws_secretsmanager_random_password" "drawn" {
  for_each = toset(["SECRET_KEY", "JWT_SECRET_KEY", "DATABASE_PASSWORD"])

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
    for name, drawn in ephemeral.aws_secretsmanager_random_password.drawn : name => drawn.random_password
  })

  # A higher number draws new ones. The database's own must go up with it.
  secret_string_wo_version = 1
}

# Read back: if an apply fails between the two, the next one gives the database the
# password that was kept, not another.
ephemeral "aws_secretsmanager_secret_version" "app" {
  secret_id = aws_secretsmanager_secret_version.app.secret_id
}
