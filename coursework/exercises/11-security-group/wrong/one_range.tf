resource "aws_vpc_security_group_ingress_rule" "web" {
  security_group_id = aws_security_group.server.id
  description       = "HTTP and HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 443
}
