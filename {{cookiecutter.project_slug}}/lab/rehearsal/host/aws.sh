#!/bin/sh
# The AWS commands of the server's scripts: the rehearsal's own registry answers, and a
# folder stands for the bucket.
set -e
in_folder() { printf '%s' "$1" | sed 's,^s3://[^/]*,/var/lib/bucket,'; }
case "$1 $2" in
  "ecr get-login-password") cat /etc/registry-password ;;
  "s3 cp") cp -- "$(in_folder "$6")" "$(in_folder "$7")" ;;
  "s3 ls") find "$(in_folder "$5")" -name '*.tar' -printf '%TF %TT %s %f\n' ;;
  "cloudwatch put-metric-data") ;;
  *) echo "the rehearsal does not play: aws $*" >&2; exit 252 ;;
esac
