#!/bin/bash
# upgrade.sh: makes a backup, brings the services and the machine's packages up to date,
# and restarts the machine if there were any packages.
# upgrade.sh install: has it run every week at terraform's upgrade_at.
set -euo pipefail

host=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$host/terraform.env"
units=/etc/systemd/system

install() {
  [ -n "$UPGRADE_AT" ] || {
    [ ! -f "$units/library-upgrade.timer" ] || systemctl disable --quiet --now library-upgrade.timer
    rm -f "$units"/library-upgrade.*
    return
  }
  printf '[Service]\nType=oneshot\nExecStart=%s/upgrade.sh\n' "$host" > "$units/library-upgrade.service"
  printf '[Timer]\nOnCalendar=%s\n[Install]\nWantedBy=timers.target\n' "$UPGRADE_AT" > "$units/library-upgrade.timer"
  systemctl daemon-reload
  systemctl enable --quiet --now library-upgrade.timer
}

# What follows would cut a backup that runs: this waits for its end, or makes one.
back_up() {
  timeout 1800 systemctl start library-backup.service ||
    echo "upgrade.sh: no new backup was made" >&2
}

upgrade() {
  # Amazon Linux keeps to the packages of its image's day unless told otherwise.
  local code=0
  dnf check-upgrade --quiet --releasever=latest > /dev/null || code=$?
  case $code in
    0) echo "upgrade.sh: nothing to do" ;;
    100)
      dnf upgrade --assumeyes --quiet --releasever=latest
      back_up
      # What runs still uses the old libraries, and the old kernel.
      systemctl reboot
      ;;
    *) echo "upgrade.sh: dnf ended with $code" >&2; exit 1 ;;
  esac
}

if [ "${1:-}" = install ]; then install; exit; fi
back_up
"$host/../library.sh" update --database || echo "upgrade.sh: the services stay as they are" >&2
# Not during a deploy, nor a deploy during this (scripts/deploy.sh).
mkdir -p /var/lib/library/deploy
exec 9>> /var/lib/library/deploy/lock
flock --wait 1800 9 || { echo "upgrade.sh: a deploy has not ended in 30 minutes" >&2; exit 1; }
upgrade
