locals {
  ssh_cidr = var.your_ip == "" ? null : "${var.your_ip}/32"
}
