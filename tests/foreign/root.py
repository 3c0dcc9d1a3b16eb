"""A system that holds only what is named here: a Debian in a folder, entered by chroot.

What runs in it sees this machine's network and nothing else of it, but for what a
root says that it imports. Each command has its own mounts and process numbers: when it
ends nothing stays mounted, and nothing goes on.
"""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.baking import run, succeed
from tests.layers import leave_out
from tests.terraform.host import as_root

# What README.md asks for; certificates come with every system that has a browser.
README = ("ca-certificates", "git", "make", "python3", "python3-venv")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# How this machine reaches packages: by a proxy, a mirror, certificates of its own.
REACH = re.compile(r"(PIP|UV)_\w+|(?i:(all|https?|no)_proxy)|SSL_CERT_FILE")
# Such a variable names a file of this machine, which must be in the root, too.
NAMES_A_FILE = re.compile(r"\w+_(CERT|CERT_FILE|CONFIG_FILE)")
ENTER = """
set -eu
root=$1 user=$2 groups=$3; shift 3
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
while [ "$1" != -- ]; do
  mkdir -p "$(dirname "$root$2")"
  if [ -d "$1" ]; then mkdir -p "$root$2"; else touch "$root$2"; fi
  mount --bind "$1" "$root$2"; shift 2
done
shift
exec chroot --userspec="$user" --groups="$groups" "$root" /usr/bin/env -i "$@"
"""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 60 * 60


class CannotBeMade(Exception):
    """The system can't be made, because its archive is away or broken."""


@dataclass
class Root:
    """`imports` is {path on this machine: path in the root}; `groups` are numbers.

    The programs of `first`, a folder in the root, go before all others.
    """

    path: Path
    user: str
    imports: dict = field(default_factory=dict)
    groups: tuple = ()
    first: str = ""

    @property
    def home(self):
        return Path("/home", self.user)

    def inside(self, path):
        """Return the path that a file of this machine has in the root."""
        return Path("/", Path(path).relative_to(self.path))

    def outside(self, path):
        return self.path / Path(path).relative_to("/")

    def run(self, *command, cwd=None, env=None):
        """Run a command as the root's user; return it finished, its output as text."""
        variables = reach() | self.variables() | (env or {})
        user, groups = f"{self.user}:{self.user}", ",".join(map(str, self.groups))
        # The command ends if the tests are killed.
        words = [*as_root(), "setpriv", "--pdeathsig", "KILL", "unshare"]
        words += ["--mount", "--pid", "--fork", "--kill-child"]
        words += ["bash", "-c", ENTER, "enter", self.path, user, groups]
        for outside, inside in (files_of(reach()) | self.imports).items():
            words += [outside, inside]
        words += ["--", f"--chdir={cwd or self.home}"]
        words += [f"{name}={text}" for name, text in variables.items()]
        return run(*words, *command, cwd="/", seconds=SECONDS)

    def variables(self):
        return {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": f"{self.first}:{PATH}".lstrip(":"),
            # The project's tests share the cores with ours, which run beside them.
            "PYTEST_XDIST_AUTO_NUM_WORKERS": "1",
            "SHELL": "/bin/bash",
            "UV_CACHE_DIR": "/var/cache/uv",
            "UV_LINK_MODE": "copy",
            "USER": self.user,
        }

    def give(self, path):
        """Make a path of this machine, in the root, its user's own."""
        owner = f"--reference={self.path}{self.home}"
        succeed(*as_root(), "chown", "--recursive", owner, path, cwd="/")

    def keep(self, name, text):
        """Write a file for its user to read; return its path in the root."""
        folder = self.outside(self.home / "kept")
        self.take(folder)
        (folder / name).write_text(text, encoding="utf-8")
        return self.inside(folder / name)

    def take(self, path):
        """Make it this program's again, to be read and written; make it if need be."""
        succeed(*as_root(), "mkdir", "--parents", path, cwd="/")
        succeed(*as_root(), "chown", "--recursive", os.getuid(), path, cwd="/")


def reach():
    return {name: text for name, text in os.environ.items() if REACH.fullmatch(name)}


def files_of(variables):
    """Return {path: path} of the files that the way to packages is described in."""
    return {
        text: text
        for name, text in variables.items()
        if NAMES_A_FILE.fullmatch(name) and Path(text).is_file()
    }


def source(suite):
    """Return where this machine gets Debian from; nothing if it is no Debian.

    Its security updates have the same origin and another label, and hold no suite.
    """
    if not shutil.which("apt-get"):
        return []
    ask = ("apt-get", "indextargets", "--format", "$(SITE)", "Label: Debian")
    sites = succeed(*ask, cwd="/").split()
    return [f"deb [signed-by={KEYRING}] {sites[0]} {suite} main"] if sites else []


def make(folder, suite, packages=README):
    """Make a root of a Debian suite with these packages, and what they need.

    Errors: CannotBeMade, with what mmdebstrap said.
    """
    if as_root() is None or not shutil.which("mmdebstrap"):
        leave_out("another system is made by root, with mmdebstrap")
    command = [*as_root(), "mmdebstrap", "--quiet", "--variant=minbase"]
    # A mirror may lag behind: of a throw-away system that is no danger.
    command += ['--aptopt=Acquire::Check-Valid-Until "false"', f"--keyring={KEYRING}"]
    command += [f"--include={','.join(packages)}", suite, folder, *source(suite)]
    made = run(*command, cwd="/")
    if made.returncode:
        raise CannotBeMade(made.stdout.strip())


def copy(root, folder):
    """Copy a root that nobody uses, with its owners and rights."""
    succeed(*as_root(), "cp", "--archive", root, folder, cwd="/")


def settle(root, cache):
    """Give a new root its user, this machine's certificates, and the shared cache."""
    # A home is its owner's alone: who runs the tests, if not root, puts files there.
    uid = os.getuid() or 1234
    add = ("useradd", "--create-home", "--shell=/bin/bash", f"--uid={uid}", root.user)
    succeed(*as_root(), "chroot", root.path, *add, cwd="/")
    for file in (CERTIFICATES, Path("/etc/resolv.conf"), Path("/etc/hosts")):
        if file.exists():
            target = root.outside(file)
            succeed(*as_root(), "rm", "--force", target, cwd="/")
            succeed(*as_root(), "cp", "--dereference", file, target, cwd="/")
    cache.mkdir(exist_ok=True)
    cache.chmod(0o777)
    root.imports[str(cache)] = "/var/cache/uv"
    return root
