#!/bin/bash
# Installs Docker, Compose and swap. Nothing that is there is upgraded, because that would
# restart what is running: upgrade.sh does it, at night.
set -euo pipefail

# Pinned and checked: this runs as root. Both from https://github.com/docker/compose
compose_version=v2.38.2
compose_sha256=486b3ffc0f806ca2efbc430cef89955386011662f0c76bad17c103d059cfa9cf
compose_url=https://github.com/docker/compose/releases/download/$compose_version/docker-compose-linux-x86_64
compose=/usr/local/lib/docker/cli-plugins/docker-compose

retry() {
  local attempt
  for attempt in $(seq 20); do
    "$@" && return
    echo "docker.sh: try $attempt of 20 failed: $*" >&2
    sleep 15 # the address, and with it the internet, comes a little after the start
  done
  return 1
}

command -v docker > /dev/null || retry dnf install -y -q docker

if ! sha256sum --status --check <<< "$compose_sha256  $compose" 2> /dev/null; then
  download=$(mktemp)
  retry curl -fsSL --max-time 300 -o "$download" "$compose_url"
  sha256sum --quiet --check <<< "$compose_sha256  $download"
  install -D -m 0755 "$download" "$compose"
  rm "$download"
fi

# 1 GiB of memory holds the stack, but not two releases and a package update at once.
if [ ! -f /swapfile ]; then
  dd if=/dev/zero of=/swapfile.new bs=1M count=1024 status=none
  chmod 600 /swapfile.new
  mkswap /swapfile.new > /dev/null
  mv /swapfile.new /swapfile
  echo '/swapfile none swap sw 0 0' >> /etc/fstab
fi
swapon --show=NAME --noheadings | grep -qx /swapfile || swapon /swapfile

# Containers serve on while the engine restarts. A file that a person wrote stays.
[ -s /etc/docker/daemon.json ] || install -D -m 0644 "$(dirname "$0")/daemon.json" /etc/docker/daemon.json

systemctl daemon-reload
systemctl enable --quiet --now docker
systemctl reload docker # an engine that ran already reads it now
