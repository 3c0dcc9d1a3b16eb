locals {
  ssh_cidr = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  for_each = { everything = 0 }

  security_group_id = aws_security_group.server.id
  description       = upper(each.key)
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = 65535
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count = local.ssh_cidr == null ? 0 : 1

  security_group_id = aws_security_group.server.id
  description       = "SSH from anywhere"
  cidr_ipv4         = local.ssh_cidr
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}
