# The only thing that GitHub may run on the server. Its one argument is a release tag of
# a fixed shape, so no shell can be slipped in. It ends in the release's own deploy.sh.
resource "aws_ssm_document" "deploy" {
  name            = "${var.project}-deploy"
  document_type   = "Command"
  document_format = "JSON"
  target_type     = "/AWS::EC2::Instance"

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "Deploy a release of ${var.project}"
    parameters = {
      Tag = {
        type           = "String"
        description    = "Tag of the image to deploy: a commit"
        allowedPattern = "^[0-9a-f]{7,40}$"
      }
    }
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "deploy"
      inputs = {
        timeoutSeconds = "1800"
        runCommand     = local.deploy_commands
      }
    }]
  })

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.deploy_commands)) <= 60000
      error_message = "scripts/ and terraform/host/ no longer fit into a 64 KiB deploy document: make them smaller."
    }
  }
}

locals {
  # Compressed as a whole: file by file, it would be 1.4 times as large.
  deploy_commands = [
    "#!/bin/bash",
    "set -euo pipefail",
    "export HOME=/root", # Docker keeps its registry login there
    "files=$(base64 -d <<< '${base64gzip(local.delivery)}' | gunzip)",
    "eval \"$files\"",
    "${local.install_dir}/host/prepare.sh",
    "exec ${local.install_dir}/deploy.sh '{{ Tag }}'",
  ]

  # Each file is written beside its place and moved there, because a shell reads its
  # script while it runs: a deploy under way must keep the old one to its end.
  delivery = join("\n", concat(
    [
      <<-EOT
      put() {
        mkdir -p "$(dirname "$1")"
        cat > "$1.new"
        chmod "$2" "$1.new"
        mv "$1.new" "$1"
      }
      EOT
    ],
    [
      for path, content in local.host_files :
      "put '${path}' ${local.file_modes[path]} <<'END OF FILE'\n${trimsuffix(content, "\n")}\nEND OF FILE"
    ],
  ))
}
