#!/bin/bash
# Lets systemd make a backup each night, by the scripts of the release that serves.
set -euo pipefail

units=/etc/systemd/system

cat > $units/library-backup.service << 'UNIT'
[Unit]
Description=Backup of the library
ConditionPathExists=/var/lib/library/deploy/releases

[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/opt/library/library.sh backup
UNIT

# A night that the machine slept through is made up for.
cat > $units/library-backup.timer << 'UNIT'
[Timer]
OnCalendar=18:30 UTC
RandomizedDelaySec=30min
Persistent=true

[Install]
WantedBy=timers.target
UNIT

systemctl daemon-reload
systemctl enable --quiet --now library-backup.timer
