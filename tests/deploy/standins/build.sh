#!/usr/bin/env bash
# Make sure that the base images are here: pulled where a registry answers, else
# stand-ins of the same names built once from Debian's packages and the development
# tools, and kept.
set -euo pipefail
cd "$(dirname "$0")"

tools=../../../.venv/bin
label=cookiecutter-django-library.standin
say() { printf 'standins: %s\n' "$*"; }
here() { docker image inspect "$1" >/dev/null 2>&1; }
recipe() {
  { cat Dockerfile debian.sh postgres-entrypoint.sh; "$tools/caddy" version; } |
    sha256sum | cut -c1-12
}
made_from() { docker image inspect -f "{{index .Config.Labels \"$label\"}}" "$1"; }

# An image that we did not make is never replaced; one from an older recipe is.
wanted() {
  here "$1" || return 0
  local from
  from=$(made_from "$1")
  [ -n "$from" ] && [ "$from" != "$(recipe)" ]
}

standin() {
  local name=${1##*/}
  case "$1" in
    debian:*) ./debian.sh | docker import --change 'CMD ["bash"]' \
         --change "LABEL $label=$(recipe)" \
         --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
         - "$1" >/dev/null ;;
    *) docker build --quiet --target "${name%%:*}" --tag "$1" --build-context "tools=$tools" \
         --label "$label=$(recipe)" . >/dev/null ;;
  esac
}

command -v mmdebstrap >/dev/null || stand_in_needs="mmdebstrap is not installed: apt install mmdebstrap"

for image in debian:trixie-slim python:3.13-slim redis:8 valkey/valkey:8 \
    postgres:17 caddy:2; do
  wanted "$image" || { say "$image is here"; continue; }
  started=$SECONDS
  if ! here "$image" && docker pull --quiet "$image" >/dev/null 2>&1; then
    say "$image pulled in $((SECONDS - started)) s"
  else
    [ -z "${stand_in_needs:-}" ] || { say "$image can't be pulled, and $stand_in_needs"; exit 1; }
    standin "$image"
    say "$image built in $((SECONDS - started)) s"
  fi
done
