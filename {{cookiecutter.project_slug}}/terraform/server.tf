# Amazon Linux 2023, by the parameter in which Amazon publishes the newest image.
data "aws_ssm_parameter" "amazon_linux" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

# Looked up, so that a name that is not in this region fails the plan and says so.
data "aws_key_pair" "owner" {
  key_name = var.key_pair_name
}

data "aws_ec2_instance_type" "server" {
  instance_type = var.instance_type
}

resource "aws_instance" "server" {
  ami                    = data.aws_ssm_parameter.amazon_linux.insecure_value
  instance_type          = data.aws_ec2_instance_type.server.instance_type
  key_name               = data.aws_key_pair.owner.key_name
  subnet_id              = aws_subnet.public.id
  vpc_security_group_ids = [aws_security_group.server.id]
  iam_instance_profile   = aws_iam_instance_profile.server.name

  user_data_base64 = local.user_data

  disable_api_termination = var.protect_data

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # a container is one hop further: it gets no role
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 16
    encrypted   = true

    tags = { Name = "${var.project}-root", Project = var.project }
  }

  # T3 is "unlimited" unless told otherwise, and then bills what it bursts.
  credit_specification {
    cpu_credits = "standard"
  }

  tags = { Name = "${var.project}-server" }

  lifecycle {
    # Both only matter at the first boot. A newer image, or a changed script (which the
    # deploy document brings), must not touch a machine that works.
    ignore_changes = [ami, user_data_base64]

    # Here and not beside the lookup, which would then wait for the first apply.
    precondition {
      condition     = contains(data.aws_ec2_instance_type.server.supported_architectures, "x86_64") && data.aws_ec2_instance_type.server.memory_size >= 1024
      error_message = "${var.instance_type} will not do: instance_type needs x86-64 (the image is built for it) and 1 GiB of memory or more."
    }

    precondition {
      condition     = length(local.user_data) <= 21848 # 16 KiB in base64
      error_message = "terraform/host/ and terraform/entry/ no longer fit into 16 KiB of user data: make them smaller."
    }
  }

  depends_on = [aws_route.internet, aws_route_table_association.public]
}

# An address that stays when the machine is stopped or replaced.
resource "aws_eip" "server" {
  domain = "vpc"

  tags = { Name = "${var.project}-server" }
}

resource "aws_eip_association" "server" {
  instance_id   = aws_instance.server.id
  allocation_id = aws_eip.server.id
}
