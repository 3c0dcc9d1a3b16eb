#!/bin/bash
# Mounts the data volume on /var/lib/library. Formats it only if nothing at all is on it,
# so that a new machine takes over the old one's data.
set -euo pipefail

# shellcheck source=/dev/null
. "$(dirname "$0")/terraform.env"
mount_point=/var/lib/library

fail() {
  echo "data-volume.sh: $*" >&2
  exit 1
}

# The volume is attached a little after the machine starts.
find_device() {
  local links=(
    "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${DATA_VOLUME_ID/-/}"
    /dev/sdf # machines without NVMe
  )
  local link
  for _ in $(seq 150); do
    for link in "${links[@]}"; do
      if [ -b "$link" ]; then
        readlink -f "$link"
        return
      fi
    done
    sleep 2
  done
  return 1
}

device=$(find_device) || fail "$DATA_VOLUME_ID was not attached within 5 minutes"

if ! mountpoint --quiet "$mount_point"; then
  signatures=$(wipefs --noheadings "$device")
  if [ -z "$signatures" ]; then
    echo "Formatting $device: it is blank."
    mkfs.ext4 -q -L library-data "$device"
  fi

  type=$(blkid --match-tag TYPE --output value "$device" || true)
  [ "$type" = ext4 ] ||
    fail "$DATA_VOLUME_ID holds ${type:-something}, not this project's data: it is left alone"

  uuid=$(blkid --match-tag UUID --output value "$device")
  mkdir -p "$mount_point"
  # nofail: without its volume the machine still boots, and can be looked into.
  grep -q "^UUID=$uuid " /etc/fstab ||
    echo "UUID=$uuid $mount_point ext4 defaults,nofail 0 2" >> /etc/fstab
  mount "$mount_point"
fi

# The volume may have grown since the last time. If it can't be used, it can wait.
said=$(resize2fs "$device" 2>&1) || echo "data-volume.sh: not grown: ${said##*$'\n'}" >&2

# Docker without its volume would start with an empty database: rather not at all.
mkdir -p /etc/systemd/system/docker.service.d
printf '[Unit]\nRequiresMountsFor=%s\n' "$mount_point" \
  > /etc/systemd/system/docker.service.d/library-data.conf
