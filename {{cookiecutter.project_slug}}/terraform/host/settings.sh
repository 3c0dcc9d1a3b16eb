#!/bin/bash
# Writes /opt/library/config.env: Terraform's settings, then this project's parameters from
# Parameter Store, which win. So a setting can be changed without a new release:
#   aws ssm put-parameter --type SecureString --name /PROJECT/production/NAME --value VALUE
# The deploy's scripts, which run as root, read that file as shell code: only the names in
# scripts/settings.txt get in (no PATH), and only values of one line.
set -euo pipefail

host=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$host/terraform.env"
config=$(dirname "$host")/config.env
names_known=$(dirname "$host")/terraform/scripts/settings.txt

ask() {
  aws ssm get-parameters-by-path --region "$AWS_REGION" --path "$PARAMETER_PATH" \
    --with-decryption --query "Parameters[].[$1]" --output text
}

refuse() {
  echo "settings.sh: $1" >&2
  exit 1
}

check() {
  grep -Fqx -- "${1##*/}" "$names_known" ||
    refuse "$1 is no setting: known are $(paste -sd ' ' "$names_known") (terraform apply brings those of a newer release)"
  [[ $2 != *[[:cntrl:]\']* ]] || refuse "$1 has a value that is not taken: one line without ' or control characters"
}

names=$(ask Name)
lines=$(ask Name,Value)
# A value of several lines could look like one more parameter.
[ "$(cut -f 1 <<< "$lines")" = "$names" ] ||
  refuse "a parameter below $PARAMETER_PATH has a value of several lines: one line is accepted"

umask 077
trap 'rm -f "$config.new"' EXIT
cp "$host/terraform.env" "$config.new"
while IFS=$'\t' read -r path value; do
  [ -n "$path" ] || continue # there is none
  check "$path" "$value"
  echo "${path##*/}='$value'" >> "$config.new"
done <<< "$lines"
mv "$config.new" "$config"
