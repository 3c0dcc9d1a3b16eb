#!/usr/bin/env bash
# Make sure that the base images are here: pulled where a registry answers, else
# stand-ins of the same names built once from Debian's packages and kept.
set -euo pipefail
cd "$(dirname "$0")"

label=cookiecutter-django-library.standin
say() { printf 'standins: %s\n' "$*"; }
here() { docker image inspect "$1" >/dev/null 2>&1; }
recipe() { cat Dockerfile postgres-entrypoint.sh build.sh | sha256sum | cut -c1-12; }
made_from() { docker image inspect -f "{{index .Config.Labels \"$label\"}}" "$1"; }

# An image that we did not make is never replaced; one from an older recipe is.
wanted() {
  here "$1" || return 0
  local from
  from=$(made_from "$1")
  [ -n "$from" ] && [ "$from" != "$(recipe)" ]
}

# The machine's own certificate authorities go in, so that pip works behind its proxy;
# apt keeps no package cache in an image, as in the official ones.
debian() {
  local site
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n1)
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,netbase,tzdata \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --customize-hook='mkdir -p "$1/usr/local/share/ca-certificates"
      cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null || true
      chroot "$1" update-ca-certificates >/dev/null' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb
      echo "Dir::Cache::pkgcache \"\"; Dir::Cache::srcpkgcache \"\";
        DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb\"; };" > "$1/etc/apt/apt.conf.d/docker-clean"' \
    trixie - "deb $site trixie main" |
    docker import --change 'CMD ["bash"]' --change "LABEL $label=$(recipe)" \
      --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      - "$1" >/dev/null
}

standin() {
  case "$1" in
    debian:*) debian "$1" ;;
    *) docker build --quiet --target "${1%%:*}" --tag "$1" \
         --label "$label=$(recipe)" . >/dev/null ;;
  esac
}

for image in debian:trixie-slim python:3.13-slim redis:8 postgres:17 caddy:2; do
  wanted "$image" || { say "$image is here"; continue; }
  started=$SECONDS
  if ! here "$image" && docker pull --quiet "$image" >/dev/null 2>&1; then
    say "$image pulled in $((SECONDS - started)) s"
  else
    standin "$image"
    say "$image built from Debian's packages in $((SECONDS - started)) s"
  fi
done
