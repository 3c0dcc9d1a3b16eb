"""The machine as node-exporter sees it: when it was backed up, and a disk to fill."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.monitoring.prometheus import program, serving
from tests.live import ROOT
from tools.ports import free_port

MIB = 1024**2
DISK_SIZE = 8 * MIB
# The disk is mounted for this process alone, and goes with it. node-exporter asks what
# process 1 has mounted, so process 1 is this one here.
MOUNT = 'mount -o loop "$0" "$1" && mount --bind /proc/$$ /proc/1; shift; exec "$@"'
# The scripts' own words for a backup that succeeded.
NOTE = '. "$0/common.sh" && . "$0/database.sh" && note_backup "$1"'


@dataclass
class Host:
    """What node-exporter at `address` tells of; `folder` stands for its data volume.

    `disk` is the way to a small disk, which nobody but node-exporter sees at
    `mounted_at`; it is None where none can be mounted.
    """

    address: str
    folder: Path
    mounted_at: Path
    disk: Path | None = None

    def back_up(self, *, hours_ago: int) -> None:
        """Note a backup that was made so long ago."""
        made = int(time.time()) - hours_ago * 3600
        command = ["bash", "-euc", NOTE, ROOT / "scripts", str(made)]
        env = {**os.environ, "DATA_DIR": str(self.folder)}
        subprocess.run(command, env=env, check=True)

    def fill_disk(self) -> None:
        """Write to the disk until it takes no more."""
        assert self.disk
        with (
            contextlib.suppress(OSError),
            open(self.disk / "full", "wb", buffering=0) as file,
        ):
            while True:
                file.write(bytes(MIB))


@contextlib.contextmanager
def running_host(folder: Path) -> Iterator[Host]:
    """Yield a host that was backed up an hour ago. Raises Unavailable."""
    address = f"127.0.0.1:{free_port()}"
    host = Host(address, folder, folder / "disk")
    host.back_up(hours_ago=1)
    command = [*_with_a_disk(folder / "disk.img", host.mounted_at)]
    command += [program("prometheus-node-exporter"), f"--web.listen-address={address}"]
    command += [f"--collector.textfile.directory={folder / 'metrics'}"]
    url, log = f"http://{address}/metrics", folder / "node.log"
    with serving(command, url, log) as process:
        inside = Path(f"/proc/{process.pid}/root{host.mounted_at}")
        host.disk = inside if inside.is_mount() else None
        yield host


def _with_a_disk(image: Path, mounted_at: Path) -> list[str]:
    """Return what a command begins with that is to see a disk; nothing if none can."""
    if not all(map(shutil.which, ("mke2fs", "unshare"))):
        return []
    alone = ["unshare", "--mount"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        return []
    mounted_at.mkdir()
    image.touch()
    os.truncate(image, DISK_SIZE)
    subprocess.run(["mke2fs", "-q", str(image)], check=True, capture_output=True)
    return [*alone, "sh", "-c", MOUNT, str(image), str(mounted_at)]
