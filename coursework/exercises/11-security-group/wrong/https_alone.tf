resource "aws_vpc_security_group_ingress_rule" "web" {
  for_each = { https = 443 }

  security_group_id = aws_security_group.server.id
  description       = upper(each.key)
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}
