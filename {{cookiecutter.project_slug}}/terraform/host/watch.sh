#!/bin/bash
# watch.sh: tells CloudWatch how full disks and memory are, and how many answers failed.
# watch.sh install: has it run every five minutes, if terraform's alarm_email is set.
set -euo pipefail

host=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$host/terraform.env"
units=/etc/systemd/system

install() {
  [ -n "$WATCH" ] || {
    [ ! -f "$units/library-watch.timer" ] || systemctl disable --quiet --now library-watch.timer
    rm -f "$units"/library-watch.*
    return
  }
  printf '[Service]\nType=oneshot\nExecStart=%s/watch.sh\n' "$host" > "$units/library-watch.service"
  printf '[Timer]\nOnCalendar=*:0/5\n[Install]\nWantedBy=timers.target\n' > "$units/library-watch.timer"
  systemctl daemon-reload
  systemctl enable --quiet --now library-watch.timer
}

# The fullest of the machine's disks, in percent.
disk() { df --output=pcent / /var/lib/library | tr -dc '0-9\n' | sort -n | tail -n 1; }

memory() {
  awk '/^MemTotal/ {all = $2} /^MemAvailable/ {free = $2} END {print int(100 - 100 * free / all)}' /proc/meminfo
}

# Of the proxy's answers since the last time: a handful says nothing, so it is 0.
failed() {
  { docker logs --since 5m library-caddy-1 2>&1 || true; } |
    awk -F '"status":' '/"logger":"http.log.access/ {all++; if ($2 ~ /^5/) bad++} END {print all < 20 ? 0 : int(100 * bad / all)}'
}

metric() { echo "MetricName=$1,Unit=Percent,Value=$2,Dimensions=[{Name=Project,Value=$PROJECT}]"; }

[ "${1:-}" != install ] || {
  install
  exit
}
aws cloudwatch put-metric-data --region "$AWS_REGION" --namespace Library --metric-data \
  "$(metric DiskUsedPercent "$(disk)")" \
  "$(metric MemoryUsedPercent "$(memory)")" \
  "$(metric FailedPercent "$(failed)")"
