#!/bin/bash
# Makes the machine ready for a deploy. cloud-init runs it at the first boot and every
# deploy runs it again: what is done already is left alone, what failed is tried again.
set -euo pipefail

host=$(cd "$(dirname "$0")" && pwd)

# A deploy that comes while the first boot is still at work waits for it.
exec 9> /run/library-prepare.lock
flock --wait 900 9 || {
  echo "prepare.sh: another run has not ended in 15 minutes" >&2
  exit 1
}

"$host/data-volume.sh"
# Only now: the secrets belong next to the data.
"$host/../terraform/scripts/first-boot.sh"
"$host/docker.sh"
"$host/settings.sh"
"$host/watch.sh" install
"$host/backup-timer.sh"
# It comes with the first deploy.
[ ! -x "$host/upgrade.sh" ] || "$host/upgrade.sh" install
echo "The machine is ready."
