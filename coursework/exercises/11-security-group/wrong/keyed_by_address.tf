resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = toset(local.ssh_cidr == null ? [] : [local.ssh_cidr])

  security_group_id = aws_security_group.server.id
  description       = "SSH from the owner"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}
