# The volume as AWS knows it; none before the first apply.
data "aws_ebs_volumes" "data" {
  filter {
    name   = "tag:Name"
    values = ["${var.project}-data"]
  }

  filter {
    name   = "tag:Project"
    values = [var.project]
  }
}

# The plan would promise a smaller one, and AWS refuse it in the middle of an apply.
data "aws_ebs_volume" "data" {
  for_each = toset(data.aws_ebs_volumes.data.ids)

  filter {
    name   = "volume-id"
    values = [each.key]
  }

  lifecycle {
    postcondition {
      condition     = self.size <= var.data_volume_gib
      error_message = "data_volume_gib is ${var.data_volume_gib}, but ${self.volume_id} has ${self.size} GiB: a volume can grow, never shrink. Set ${self.size} or more."
    }
  }
}

# Everything that must survive: the database and the secrets. A volume of its own, so
# that no change of the server can take it along.
resource "aws_ebs_volume" "data" {
  availability_zone = aws_subnet.public.availability_zone
  type              = "gp3"
  size              = var.data_volume_gib
  encrypted         = true
  final_snapshot    = true

  tags = { Name = "${var.project}-data" }

  lifecycle {
    # For volumes that were made without it: AWS refuses the change that the provider asks
    # for (its issue 31044), and with it the whole apply.
    ignore_changes = [final_snapshot]
  }
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.server.id

  # A mounted volume can't be detached; a stopped server has written everything.
  stop_instance_before_detaching = true
}
