# PostgreSQL on RDS in place of the server's own container: backups, and a machine of its
# own. Opt-in, because it costs more than the server. host/move-database.sh takes the
# rows along.
locals {
  managed = var.managed_database ? 1 : 0
}

data "aws_availability_zones" "usable" {
  count = local.managed
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

# No way to the internet, or from it. RDS wants two zones, even for one database.
resource "aws_subnet" "private" {
  count = 2 * local.managed

  vpc_id            = aws_vpc.this.id
  availability_zone = sort(data.aws_availability_zones.usable[0].names)[count.index]
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, 128 + count.index)

  tags = { Name = "${var.project}-private-${count.index}" }

  lifecycle {
    # A zone that AWS opens later may sort first: what stands does not move.
    ignore_changes = [availability_zone]
  }
}

resource "aws_db_subnet_group" "managed" {
  count = local.managed

  name       = "${var.project}-server"
  subnet_ids = aws_subnet.private[*].id
}

resource "aws_security_group" "database" {
  count = local.managed

  name_prefix = "${var.project}-database-"
  description = "PostgreSQL, from the server only"
  vpc_id      = aws_vpc.this.id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  count = local.managed

  security_group_id            = aws_security_group.database[0].id
  referenced_security_group_id = aws_security_group.server.id
  description                  = "From the server"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "database" {
  count = local.managed

  security_group_id            = aws_security_group.server.id
  referenced_security_group_id = aws_security_group.database[0].id
  description                  = "To the database"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

# RDS would make its own, which keep everything for ever and outlive it.
resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(var.managed_database ? ["postgresql", "upgrade"] : [])

  name              = "/aws/rds/instance/${var.project}-server/${each.key}"
  retention_in_days = 14
}

resource "aws_db_instance" "managed" {
  count = local.managed

  identifier        = "${var.project}-server"
  engine            = "postgres"
  engine_version    = "17" # as in scripts/docker-compose.yml
  instance_class    = "db.t4g.micro"
  storage_type      = "gp3"
  allocated_storage = 20
  storage_encrypted = true

  # RDS draws the password, keeps it in Secrets Manager and changes it every week. So it
  # is the owner's, and the API logs in with a role and a password of its own.
  db_name                     = "library"
  username                    = "library"
  manage_master_user_password = true

  db_subnet_group_name   = aws_db_subnet_group.managed[0].name
  vpc_security_group_ids = [aws_security_group.database[0].id]

  backup_retention_period    = 7
  copy_tags_to_snapshot      = true
  auto_minor_version_upgrade = true

  enabled_cloudwatch_logs_exports = keys(aws_cloudwatch_log_group.database)

  # The last snapshot needs a name that no earlier stack's has.
  deletion_protection       = var.protect_data
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.project}-server-final-${substr(terraform_data.region.id, 0, 8)}"
}
