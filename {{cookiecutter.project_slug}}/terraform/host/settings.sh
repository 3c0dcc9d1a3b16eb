#!/bin/bash
# Writes /opt/library/config.env: Terraform's settings, then this project's parameters from
# Parameter Store, which win. So a setting can be added without a new release:
#   aws ssm put-parameter --type SecureString --name /PROJECT/production/NAME --value VALUE
set -euo pipefail

host=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$host/terraform.env"
config=$(dirname "$host")/config.env

parameters=$(aws ssm get-parameters-by-path --region "$AWS_REGION" --path "$PARAMETER_PATH" \
  --with-decryption --query 'Parameters[].[Name,Value]' --output text)

umask 077
cp "$host/terraform.env" "$config.new"
while IFS=$'\t' read -r path value; do
  name=${path##*/}
  if [[ ! $name =~ ^[A-Z][A-Z0-9_]*$ || $value == *\'* ]]; then
    echo "settings.sh: $path is no setting: a name has capitals, digits and _, a value one line without '" >&2
    exit 1
  fi
  echo "$name='$value'" >> "$config.new"
done < <(printf '%s' "${parameters:+$parameters$'\n'}")
mv "$config.new" "$config"
