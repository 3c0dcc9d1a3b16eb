resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count = local.ssh_cidr == null ? 0 : 1

  security_group_id = aws_security_group.server.id
  description       = "Everything from the owner"
  cidr_ipv4         = local.ssh_cidr
  ip_protocol       = "-1"
}
