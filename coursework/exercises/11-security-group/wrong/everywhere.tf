locals {
  ssh_cidr = var.your_ip == "" ? null : "0.0.0.0/0"
}
