# Not every availability zone has every instance type: ask which ones have ours.
data "aws_ec2_instance_type_offerings" "server" {
  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [var.instance_type]
  }
}

resource "aws_vpc" "this" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.project }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.project }
}

# One public subnet: a private one would need a NAT gateway, which costs several
# times as much as the server.
resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = sort(data.aws_ec2_instance_type_offerings.server.locations)[0]

  tags = { Name = "${var.project}-public" }

  lifecycle {
    # Another instance type may sort another zone first; moving would lose the volume.
    ignore_changes = [availability_zone]

    precondition {
      condition     = length(data.aws_ec2_instance_type_offerings.server.locations) > 0
      error_message = "${var.aws_region} has no ${var.instance_type}: choose another instance_type or aws_region."
    }
  }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.project}-public" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

# Taken over to empty it: whatever forgets to name a security group is unreachable.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.project}-closed" }
}
