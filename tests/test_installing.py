"""Packages are installed by hash, with uv or pip; the lock matches its header."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.baking import clean_environment, run, succeed

PYTHON = re.compile(r"python_full_version")


@pytest.fixture
def house(rendered, tmp_path):
    """A rendered project without a virtual environment."""
    return shutil.copytree(rendered.path, tmp_path / "project")


@pytest.fixture
def install(house, tmp_path):
    """Install a small lock into a new environment, with these variables."""
    lock = house / "requirements/production.txt"
    pins = re.findall(r"^tqdm==.*\n(?:    --hash.*\n)+", lock.read_text(), re.M)
    (house / "one.txt").write_text(pins[0], encoding="utf-8")

    def make(**variables):
        command = [sys.executable, "tools/install.py", tmp_path / "venv"]
        command += ["--require-hashes", "-r", "one.txt"]
        return run(*command, cwd=house, env=clean_environment(**variables))

    return make


def imports_tqdm(folder):
    command = [folder / "venv/bin/python", "-c", "import tqdm"]
    return subprocess.run(command, check=False).returncode == 0


def test_uv_installs_and_is_said_nothing_about(install, tmp_path):
    done = install()
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "venv/bin/uv").exists()
    assert imports_tqdm(tmp_path)


def test_pip_installs_where_uv_can_not(install, tmp_path):
    done = install(UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path / "empty"))
    assert done.returncode == 0, done.stdout
    (line,) = done.stdout.splitlines()
    assert line.startswith("uv could not install them (")
    assert line.endswith("; trying pip ...")
    assert imports_tqdm(tmp_path)


def test_pip_installs_where_there_is_no_uv(install, house, tmp_path):
    (house / "requirements/installer.txt").write_text("no-such-uv==1 --hash=sha256:00")
    done = install()
    assert done.returncode == 0, done.stdout
    assert imports_tqdm(tmp_path)


@pytest.mark.parametrize("offline", ["", "1"], ids=["uv", "pip"])
def test_what_has_another_hash_is_refused(install, house, tmp_path, offline):
    pin = (house / "one.txt").read_text(encoding="utf-8")
    (house / "one.txt").write_text(re.sub("sha256:..", "sha256:00", pin))
    offline = {"UV_OFFLINE": offline, "UV_CACHE_DIR": str(tmp_path)} if offline else {}
    done = install(**offline)
    assert done.returncode == 1
    assert done.stdout.endswith("could not be installed: is there a network?\n")
    assert not imports_tqdm(tmp_path)


@pytest.mark.deep
@pytest.mark.parametrize("name", ["installer", "production", "development"])
def test_the_command_of_the_header_makes_the_same_lock(house, tool, name):
    """As Dependabot does it: the options of the header, for one package."""
    lock = house / f"requirements/{name}.txt"
    before = lock.read_text(encoding="utf-8")
    words = before.splitlines()[1].removeprefix("#").split()
    assert words.pop(0) == "uv"
    succeed(tool("uv"), *words, "--quiet", cwd=lock.parent)
    after = lock.read_text(encoding="utf-8")
    assert body(after) == body(before)
    if name == "development":
        assert len(PYTHON.findall(after)) > 3


def body(lock):
    """All lines except comments, which may name this machine's package index."""
    return [line for line in lock.splitlines() if not line.startswith(("#", "--"))]
