"""A Docker engine and the base images, for the tests that start containers."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.baking import ROOT, clean_environment, succeed
from tests.layers import leave_out

HERE = ROOT / "tests/deploy"
CGROUPS = Path("/sys/fs/cgroup/cpu")
NO_ENGINE = "no Docker engine answers: start Docker, or run tests/deploy/engine.sh"


def engine_answers():
    ask = ("docker", "info")
    return shutil.which("docker") and not subprocess.call(
        ask, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def docker(*arguments):
    """Run `docker ARGUMENTS`, which must succeed, and give its output."""
    return succeed("docker", *arguments, cwd=ROOT).strip()


@pytest.fixture(scope="session")
def engine():
    """Docker answers; in CI it must not be missing."""
    if not engine_answers():
        leave_out(NO_ENGINE)
    weigh_containers()


def weigh_containers():
    """Let all containers weigh as much as eight processes, where this user may.

    With cgroups of version 1 they weigh as much as one, however many they are: beside
    four workers' tests a rehearsed server would have a tenth of a processor.
    """
    if os.access(CGROUPS, os.W_OK):
        (CGROUPS / "docker").mkdir(exist_ok=True)
        (CGROUPS / "docker/cpu.shares").write_text("8192")


@pytest.fixture(scope="session")
def base_images(engine, once):
    """The base images are here: pulled, or stand-ins of the same names."""

    def make(folder):
        folder.mkdir()
        succeed(HERE / "standins/build.sh", cwd=ROOT)

    return once("base-images", make)


@pytest.fixture(scope="session")
def image(base_images, rendered):
    """The name of an image of the rendered project, as release `proof`."""
    name = f"cookiecutter-library-test:{secrets.token_hex(4)}"
    build = ("docker", "build", "--quiet", "--build-arg", "RELEASE=proof")
    succeed(*build, "--tag", name, ".", cwd=rendered.path)
    yield name
    docker("image", "rm", "--force", name)


@pytest.fixture
def compose_project(base_images, bake):
    """A rendered project of a name of its own; what it starts is removed."""
    slug = f"test-{secrets.token_hex(4)}"
    project = bake(project_slug=slug)
    yield project
    succeed(
        *("docker", "compose", "down", "--volumes", "--rmi=local", "--timeout=5"),
        cwd=project.path,
        env=clean_environment(),
    )
