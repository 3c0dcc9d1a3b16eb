# What the server gets: terraform/host/ (the machine), terraform/entry/ (what starts a
# deploy) and its settings. Every deploy brings them, so a change here reaches the machine
# with the next one, and never replaces it. scripts/ comes along for an image that carries
# none: a release is deployed by the scripts of its own image. Nothing else that lies in
# those folders is delivered.
locals {
  install_dir = "/opt/library"

  scripts_dir = "${path.module}/../scripts"
  script_files = {
    for file in fileset(local.scripts_dir, "**/{*.sh,docker-compose.yml,logs.yml,settings.txt,Caddyfile}") :
    "${local.install_dir}/terraform/scripts/${file}" => file("${local.scripts_dir}/${file}")
  }

  entry_files = {
    for file in fileset("${path.module}/entry", "*.sh") :
    "${local.install_dir}/${file}" => file("${path.module}/entry/${file}")
  }

  machine_files = {
    for file in fileset("${path.module}/host", "{*.sh,daemon.json}") :
    "${local.install_dir}/host/${file}" => file("${path.module}/host/${file}")
  }

  # Nothing secret: secrets are made on the machine (scripts/first-boot.sh) or kept in
  # Parameter Store (host/settings.sh).
  settings = {
    PROJECT          = var.project
    WATCH            = local.watched ? "on" : ""
    AWS_REGION       = var.aws_region
    REGISTRY         = aws_ecr_repository.app.repository_url
    DOMAIN           = var.domain
    ALLOWED_HOSTS    = join(",", compact([var.domain, aws_eip.server.public_ip]))
    PARAMETER_PATH   = local.parameter_path
    DATA_VOLUME_ID   = aws_ebs_volume.data.id
    LOG_GROUP        = join("", aws_cloudwatch_log_group.server[*].name)
    BACKUP_BUCKET    = aws_s3_bucket.backups.bucket
    UPGRADE_AT       = var.upgrade_at
    MANAGED_DATABASE = var.managed_database ? aws_db_instance.managed[0].address : ""
  }

  api_origin = var.domain == "" ? "http://${aws_eip.server.public_ip}" : "https://${var.domain}"

  host_files = merge(local.script_files, local.entry_files, local.machine_files, {
    "${local.install_dir}/host/terraform.env" = join("", [
      for name, value in local.settings : "${name}='${value}'\n"
    ])
  })

  file_modes = {
    for path in keys(local.host_files) : path => endswith(path, ".sh") ? "0755" : "0644"
  }

  # User data may have 16 KiB, so the first boot gets what it runs, and no more.
  boot_files = {
    for path, content in local.host_files : path => content
    if contains(["first-boot.sh", "settings.txt"], basename(path)) ||
    !contains(keys(local.script_files), path) && !contains(["move-database.sh", "upgrade.sh"], basename(path))
  }

  cloud_config = {
    write_files = [
      for path, content in local.boot_files :
      { path = path, permissions = local.file_modes[path], content = content }
    ]
    # One step after the other, and none after a failure.
    runcmd = ["${local.install_dir}/host/prepare.sh && ${local.install_dir}/host/resume.sh"]
  }

  # Compressed as a whole, which cloud-init understands: user data may have 16 KiB.
  user_data = base64gzip("#cloud-config\n${yamlencode(local.cloud_config)}")
}
