#!/bin/sh
# What boots on the throw-away server: the Docker engine and sshd.
set -e
mkdir -p /run/sshd
# An engine inside a container needs these to be writable; each may be so already.
for folder in /sys /proc/sys; do mount -o remount,rw "$folder" 2>/dev/null || true; done
for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q "$folder"; then mount -o remount,bind,rw "$folder" 2>/dev/null || true; fi
done
# cgroup v2: only a group without processes may hand its controllers down.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
  sed 's/ / +/g; s/^/+/' /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control || true
fi
# The data lies on a small disk of its own, as on AWS, if this machine lends a loop device.
disk=/var/lib/docker/data.img
[ -f "$disk" ] || { truncate -s 1G "$disk" && mkfs.ext4 -q -m 0 "$disk"; }
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
for n in $(seq 0 63); do [ -e "/dev/loop$n" ] || mknod "/dev/loop$n" b 7 "$n"; done
mount -o loop "$disk" /var/lib/library || echo "no loop device: the data has no disk of its own" >&2
rm -f /var/run/docker.pid /run/docker/containerd/containerd.pid
dockerd > /var/log/dockerd.log 2>&1 &
exec /usr/sbin/sshd -D -e
