#!/usr/bin/env bash
# Write a minimal Debian, as a tar archive, to standard output.
# The machine's own certificate authorities go in, so that pip works behind its proxy;
# apt keeps no package cache in an image, as in the official ones.
# shellcheck disable=SC2016  # apt-get and mmdebstrap fill these in, not this shell
set -euo pipefail

site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n1)
mmdebstrap --quiet --variant=minbase --include=ca-certificates,netbase,tzdata \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --customize-hook='mkdir -p "$1/usr/local/share/ca-certificates"
    cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null || true
    chroot "$1" update-ca-certificates >/dev/null 2>&1' \
  --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb
    echo "Dir::Cache::pkgcache \"\"; Dir::Cache::srcpkgcache \"\";
      DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb\"; };" > "$1/etc/apt/apt.conf.d/docker-clean"' \
  trixie - "deb $site trixie main"
