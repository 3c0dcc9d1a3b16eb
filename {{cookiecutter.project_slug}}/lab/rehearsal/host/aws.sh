#!/bin/sh
# The one AWS command that a deploy needs, answered by the rehearsal's own registry.
case "$1 $2" in
  "ecr get-login-password") cat /etc/registry-password ;;
  *) echo "the rehearsal does not play: aws $*" >&2; exit 252 ;;
esac
