"""A machine to try the server's scripts on: this one, under a throw-away layer.

Files are written to an overlay in memory. What an overlay can't hold back, or what only
Amazon Linux has, is taken by stand-ins of the machine's commands.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# Commands that would reach past the layer, or that Debian does not have: the name is
# noted, and that is all.
NOTED = ("dnf", "systemctl", "swapon", "mkswap")
NOTE = '#!/bin/sh\necho "$(basename "$0") $*" >> /run/noted\n'
# The volume is plugged in before the machine runs, if there is one, and pulled after.
ENTER = """
set -u
folder=$1 link=$2 layer=$1/layer root=$1/layer/root loop=
set -e
[ ! -f "$folder/disk" ] || loop=$(losetup --find --show "$folder/disk")
mount -t tmpfs layer "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/dev" "$layer/devwork" "$root"
mount -t overlay host -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$root"
mount -t overlay dev \
  -o "lowerdir=/dev,upperdir=$layer/dev,workdir=$layer/devwork" "$root/dev"
mount --rbind /proc "$root/proc"
mount -t tmpfs run "$root/run"
mkdir -p "$root/test" "$root/dev/disk/by-id" "$root/etc/systemd/system"
mount --bind "$folder" "$root/test"
: > "$root/etc/fstab"
[ -z "$loop" ] || ln -s "$loop" "$root/dev/disk/by-id/$link"
set +e
chroot "$root" /bin/bash -c '. /test/variables; exec bash -e /test/script.sh'
status=$?
umount --quiet "$root/var/lib/library"
[ -z "$loop" ] || losetup --detach "$loop"
exit $status
"""


def as_root():
    """The words to put before a command; None: this person can't become root."""
    if os.geteuid() == 0:
        return []
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True)
    return ["sudo", "-n"] if asked.returncode == 0 else None


def may_resize():
    """A container's root may lack the right to grow a mounted file system."""
    status = Path("/proc/self/status")
    found = status.exists() and re.search(r"CapEff:\s*(\w+)", status.read_text())
    return bool(found and int(found[1], 16) >> 24 & 1)  # CAP_SYS_RESOURCE


class Host:
    """`disk` is its data volume: a file, which outlives every run on the host."""

    def __init__(self, folder, volume_id, variables):
        self.folder = folder
        self.disk = folder / "disk"
        self.volume_id = volume_id
        self.variables = variables
        self.stand_ins = folder / "bin"
        self.stand_ins.mkdir()
        for name in NOTED:
            self.stand_in(name, NOTE)
        # The swap file is a gibibyte, and the layer is in memory.
        self.stand_in("dd", '#!/bin/sh\n: > "${2#of=}"\n')

    def stand_in(self, name, script):
        path = self.stand_ins / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def new_disk(self, mebibytes=64):
        with open(self.disk, "wb") as disk:
            disk.truncate(mebibytes << 20)

    def run(self, script):
        """Boot, run a script as root, shut down. Gives the finished process."""
        link = f"nvme-Amazon_Elastic_Block_Store_{self.volume_id.replace('-', '')}"
        variables = self.variables | {"PATH": "/test/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        (self.folder / "variables").write_text(
            "".join(f"export {name}='{text}'\n" for name, text in variables.items()),
            encoding="utf-8",
        )
        (self.folder / "script.sh").write_text(script, encoding="utf-8")
        (self.folder / "layer").mkdir(exist_ok=True)
        enter = ["unshare", "--mount", "/bin/sh", "-c", ENTER, "enter"]
        return subprocess.run(
            [*as_root(), *enter, self.folder, link],
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
        )

    def succeed(self, script):
        done = self.run(script)
        assert done.returncode == 0, done.stdout
        return done.stdout


def program_beside_python(name):
    """Where an installed command line tool is, for a PATH that has no venv."""
    here = os.path.dirname(sys.executable)
    return shutil.which(name, path=here) or shutil.which(name)
