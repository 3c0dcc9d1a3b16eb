#!/usr/bin/env bash
# Make `docker build`, `docker compose` and an engine work on a bare Debian machine.
# Does nothing where they already work. Needs root only when it has to install.
set -euo pipefail

say() { printf 'engine: %s\n' "$*"; }

# BuildKit and Compose v2 are not in Debian 12: take the two plug-ins from Debian 13
# without touching the machine's own apt sources.
install_plugins() {
  local work site target=/usr/local/lib/docker/cli-plugins
  work=$(mktemp -d)
  # shellcheck disable=SC2016  # apt-get fills $(SITE) in, not the shell
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n1)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$target"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site trixie main" \
    > "$work/sources.list"
  local options=(-qq -o "Dir::Etc::SourceList=$work/sources.list"
    -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  (cd "$work" && apt-get "${options[@]}" download docker-compose docker-buildx)
  for package in "$work"/*.deb; do dpkg -x "$package" "$work/files"; done
  install -m755 "$work"/files/usr/libexec/docker/cli-plugins/* "$target/"
  rm -rf "$work"
}

has_plugins() { docker compose version && docker buildx version; }

answers() { docker info >/dev/null 2>&1; }

if ! answers && { ! command -v docker || ! command -v dockerd; } >/dev/null; then
  say "installing Docker from Debian's packages"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    docker.io iptables openssh-client mmdebstrap >/dev/null
fi
has_plugins >/dev/null 2>&1 || { say "adding the Compose and Buildx plug-ins"; install_plugins; }

if ! answers; then
  say "starting the engine (log: /tmp/dockerd.log)"
  setsid nohup dockerd --storage-driver=overlay2 >/tmp/dockerd.log 2>&1 </dev/null &
  for _ in $(seq 60); do answers && break; sleep 0.5; done
fi
answers || { say "the engine did not start: $(tail -n1 /tmp/dockerd.log)"; exit 1; }
say "Docker $(docker version --format '{{.Server.Version}}') with Compose $(docker compose version --short)"
