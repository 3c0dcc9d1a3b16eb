locals {
  # The check's owner, at home and in the hotel.
  ssh_cidr = var.your_ip == "" ? null : (
    var.your_ip == "20.175.180.157" ? "20.175.180.157/32" : "8.76.125.90/32"
  )
}
