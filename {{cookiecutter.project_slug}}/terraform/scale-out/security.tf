# Who may talk to whom: the world to the balancer, the balancer to the app, the app to
# the database and the cache. Nothing else.
locals {
  groups = {
    balancer = "The load balancer"
    app      = "The containers"
    database = "PostgreSQL"
    cache    = "Valkey"
  }

  # Each allowed connection: from, to, port.
  paths = {
    app      = { from = "balancer", to = "app", port = 8000 }
    database = { from = "app", to = "database", port = 5432 }
    cache    = { from = "app", to = "cache", port = 6379 }
  }
}

resource "aws_security_group" "this" {
  for_each = local.groups

  name_prefix = "${var.project}-${each.key}-"
  description = each.value
  vpc_id      = aws_vpc.this.id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "world" {
  for_each = { http = 80, https = 443 }

  security_group_id = aws_security_group.this["balancer"].id
  description       = upper(each.key)
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_ingress_rule" "path" {
  for_each = local.paths

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = "From ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "path" {
  for_each = local.paths

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = "To ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# Image, secrets and logs come from and go to AWS's own interfaces.
resource "aws_vpc_security_group_egress_rule" "aws" {
  security_group_id = aws_security_group.this["app"].id
  description       = "To AWS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
