"""What each action of our workflows means here; an unknown one is refused."""

import os
import shutil

from tests.baking import succeed
from tests.workflows.platforms import ThisMachine


def play(job, uses, options):
    name, _, pin = uses.partition("@")
    assert len(pin) == 40, f"{uses} is not pinned by its commit"
    assert name in ACTIONS, f"the player does not know the action {name}"
    ACTIONS[name](job, options)


def check_out(job, options):
    """Clone the repository; only what the job may read, if that is said."""
    assert options == {"persist-credentials": "false"}, options
    clone = ("git", "clone", "--quiet", "--no-checkout", job.machine.repository, ".")
    succeed(*clone, cwd=job.workspace)
    wanted = job.machine.reads.get(job.job_id, ["."])
    succeed("git", "checkout", "--quiet", "HEAD", "--", *wanted, cwd=job.workspace)


def set_up_python(job, options):
    """In a root its Python must be the one that is asked for.

    With VENV the lock is installed already: make sees it by the file's age.
    """
    lock = job.workspace / "requirements/development.txt"
    if "VENV" in job.machine.environment and lock.is_file():
        os.utime(lock, (0, 0))
    if isinstance(job.machine.platform, ThisMachine):
        return
    said = job.show("python3", "--version")
    wanted = options["python-version"]
    assert said.startswith(f"Python {wanted}."), f"{said} is here, not {wanted}"


def set_up_terraform(job, options):
    job.show("terraform", "version")


def upload(job, options):
    source = job.workspace / options["path"]
    artifact = job.machine.artifacts / options["name"]
    if source.is_dir():
        shutil.copytree(source, artifact, dirs_exist_ok=True)
    elif source.is_file():
        artifact.mkdir(parents=True)
        shutil.copy(source, artifact)


def download(job, options):
    assert options["merge-multiple"] == "true"
    for artifact in job.machine.artifacts.glob(options["pattern"]):
        target = job.workspace / options["path"]
        shutil.copytree(artifact, target, dirs_exist_ok=True)


def log_in_to_aws(job, options):
    """The role is that of the stand-in's account; every later step has its keys."""
    assert options["role-to-assume"], "no role"
    job.machine.credentials |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": options["aws-region"],
        "AWS_ENDPOINT_URL": job.machine.context["aws"],
    }


def nothing(job, options):
    """It brings nothing that the steps here lack."""


ACTIONS = {
    "actions/cache": nothing,
    "actions/checkout": check_out,
    "actions/download-artifact": download,
    "actions/setup-python": set_up_python,
    "actions/upload-artifact": upload,
    # Asks a database of holes on the network: what it writes is tested in the project.
    "anchore/scan-action": nothing,
    "aws-actions/configure-aws-credentials": log_in_to_aws,
    # The engine's own builder builds here.
    "docker/setup-buildx-action": nothing,
    "hashicorp/setup-terraform": set_up_terraform,
}
