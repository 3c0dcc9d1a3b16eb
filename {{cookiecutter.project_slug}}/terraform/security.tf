locals {
  ssh_cidr = var.your_ip == "" ? null : "${trimsuffix(var.your_ip, "/32")}/32"
}

resource "aws_security_group" "server" {
  name_prefix = "${var.project}-server-"
  description = "HTTP and HTTPS from anywhere, SSH from the owner only"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.project}-server" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  for_each = { http = 80, https = 443 }

  security_group_id = aws_security_group.server.id
  description       = upper(each.key)
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

# Counted, not keyed by address: a new address is then an update of this one rule.
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count = local.ssh_cidr == null ? 0 : 1

  security_group_id = aws_security_group.server.id
  description       = "SSH from the owner"
  cidr_ipv4         = local.ssh_cidr
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

# Packages, images, Systems Manager and certificates all come over HTTP or HTTPS. The
# VPC's name and time servers are reached without a rule.
resource "aws_vpc_security_group_egress_rule" "web" {
  for_each = { http = 80, https = 443 }

  security_group_id = aws_security_group.server.id
  description       = "Outgoing ${upper(each.key)}"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}
