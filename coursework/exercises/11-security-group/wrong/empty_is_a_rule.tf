locals {
  ssh_cidr = "${trimsuffix(var.your_ip, "/32")}/32"
}
