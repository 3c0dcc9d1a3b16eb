"""GitHub's runner as it is: what `ubuntu-24.04` brings of what the workflows use.

From the list of the image (actions/runner-images, images/ubuntu/Ubuntu2404-Readme.md)
and what the workflow's own actions add. What is not here is not there either: no
redis-server, no initdb on PATH. Services are reached by their addresses alone.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.baking import succeed
from tests.foreign.root import Root, as_root, settle
from tests.terraform.roots import provider_mirror, write_settings

# The Python is trixie's: actions/setup-python brings the one that the workflow names.
PACKAGES = (
    *("awscli", "ca-certificates", "curl"),
    *("docker-buildx", "docker-cli", "docker-compose"),
    *("git", "jq", "make", "postgresql-client", "python3", "python3-venv"),
    *("shellcheck", "unzip", "xz-utils", "zip"),
)
SETTINGS = "/etc/terraform.rc"
DOCKER = Path("/var/run/docker.sock")
# In the root /var/run is a link, which would lead out of it from here.
INSIDE = "/run/docker.sock"
# GitHub's user may use Docker, and has no password to ask for.
USER = "runner"


def furnish(path, cache):
    """Add to a new trixie in `path` what the runner has; return its Root."""
    chroot = [*as_root(), "chroot", str(path), "env", "DEBIAN_FRONTEND=noninteractive"]
    for words in (
        ("apt-get", "-qq", "update"),
        ("apt-get", "-qq", "--yes", "--no-install-recommends", "install", *PACKAGES),
    ):
        subprocess.run([*chroot, *words], check=True, capture_output=True)
    root = settle(entered(path, cache), cache)
    # hashicorp/setup-terraform: this machine's, with the provider that lies here.
    bring(root, shutil.which("terraform"), "/usr/local/bin/terraform")
    with tempfile.TemporaryDirectory() as folder:
        bring(root, write_settings(Path(folder)), SETTINGS)
    return root


def bring(root, source, target):
    succeed(*as_root(), "install", source, root.outside(target), cwd="/")


def entered(path, cache):
    """Return the Root of a furnished folder."""
    imports = {str(cache): "/var/cache/uv", str(DOCKER): INSIDE}
    if mirror := provider_mirror():
        imports[mirror] = mirror
    return Root(path, USER, imports, groups=(os.stat(DOCKER).st_gid,))
