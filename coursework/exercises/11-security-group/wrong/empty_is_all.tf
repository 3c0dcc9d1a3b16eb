locals {
  ssh_cidr = var.your_ip == "" ? "0.0.0.0/0" : "${trimsuffix(var.your_ip, "/32")}/32"
}
