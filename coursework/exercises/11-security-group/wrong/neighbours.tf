locals {
  ssh_cidr = var.your_ip == "" ? null : "${trimsuffix(var.your_ip, "/32")}/24"
}
