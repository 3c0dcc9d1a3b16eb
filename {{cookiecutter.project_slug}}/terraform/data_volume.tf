# Everything that must survive: the database and the secrets. A volume of its own, so
# that no change of the server can take it along.
resource "aws_ebs_volume" "data" {
  availability_zone = aws_subnet.public.availability_zone
  type              = "gp3"
  size              = var.data_volume_gib
  encrypted         = true
  final_snapshot    = var.keep_final_snapshot

  tags = { Name = "${var.project}-data" }
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.server.id

  # A mounted volume can't be detached; a stopped server has written everything.
  stop_instance_before_detaching = true
}
