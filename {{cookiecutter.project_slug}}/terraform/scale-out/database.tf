resource "aws_db_subnet_group" "this" {
  name       = var.project
  subnet_ids = aws_subnet.private[*].id
}

# RDS would make its own, which keep everything for ever and outlive it.
resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(["postgresql", "upgrade"])

  name              = "/aws/rds/instance/${var.project}/${each.key}"
  retention_in_days = 14
}

locals {
  # 120 took less than 250 MiB of their own, and there is 1 GiB. A larger instance_class may
  # have more.
  database_connections = 130
}

# RDS's own number depends on the memory that is left, and would be known to nobody here.
resource "aws_db_parameter_group" "this" {
  name   = var.project
  family = "postgres17"

  parameter {
    name         = "max_connections"
    value        = local.database_connections
    apply_method = "pending-reboot" # read at the start only
  }

  # RDS's default since PostgreSQL 15, and ours whatever comes after it.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_db_instance" "this" {
  identifier        = var.project
  engine            = "postgres"
  engine_version    = "17"
  instance_class    = "db.t4g.micro"
  storage_type      = "gp3"
  allocated_storage = 20
  storage_encrypted = true

  # It may grow, not without bound: that bounds the bill.
  max_allocated_storage = 100

  # The main root's managed database, with its rows; null: an empty one.
  snapshot_identifier = var.snapshot == "" ? null : var.snapshot

  db_name             = "library"
  username            = "library"
  password_wo         = jsondecode(ephemeral.aws_secretsmanager_secret_version.app.secret_string)["DATABASE_PASSWORD"]
  password_wo_version = aws_secretsmanager_secret_version.app.secret_string_wo_version

  parameter_group_name   = aws_db_parameter_group.this.name
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this["database"].id]
  multi_az               = var.high_availability

  backup_retention_period    = 7
  copy_tags_to_snapshot      = true
  auto_minor_version_upgrade = true

  enabled_cloudwatch_logs_exports = keys(aws_cloudwatch_log_group.database)

  deletion_protection       = var.protect_data
  skip_final_snapshot       = !var.protect_data
  final_snapshot_identifier = "${var.project}-final"

  lifecycle {
    # Only its beginning: what a snapshot says of these is no reason for a new database.
    ignore_changes = [snapshot_identifier, db_name, username]
  }
}
