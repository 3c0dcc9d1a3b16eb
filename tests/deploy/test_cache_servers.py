"""The cache works on each server that the documentation names."""

import shutil
import subprocess
from contextlib import contextmanager

import pytest

from tests.baking import clean_environment, succeed
from tests.deploy.conftest import docker
from tests.ports import free_port

# Every step of the store, and reads that come from it.
TESTS = ["tests/test_stores.py", "tests/test_cache_hits.py"]
# The image, the client in it, and what its server says of itself.
IMAGES = [
    ("redis:8", "redis-cli", "redis_version:8."),
    ("valkey/valkey:8", "valkey-cli", "valkey_version:8."),
]
# With nothing on PATH, the tests take the one from the wheel.
EMBEDDED = """import os
os.environ["PATH"] = ""
from tests.servers import redis_program
print(redis_program())"""

pytestmark = pytest.mark.minutes(0.5)


@pytest.fixture
def cache_tests_pass(project, tmp_path):
    """Run them in a copy: other tests of the project may run just now."""
    copy = tmp_path / "project"
    shutil.copytree(project.path, copy, ignore=shutil.ignore_patterns(".venv"))

    def run_on(url):
        # Without xdist there is one worker, and so one of the server's 16 databases.
        command = [project.path / ".venv/bin/python", "-m", "pytest", "-q", *TESTS]
        environment = clean_environment(TEST_REDIS_URL=url)
        return " passed" in succeed(*command, cwd=copy, env=environment)

    return run_on


@contextmanager
def container(image):
    name = docker("run", "--detach", "--rm", "--publish", "127.0.0.1::6379", image)
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


@pytest.mark.parametrize("image,client,version", IMAGES)
def test_in_a_container(base_images, cache_tests_pass, image, client, version):
    with container(image) as name:
        assert version in docker("exec", name, client, "info", "server")
        address = docker("port", name, "6379").splitlines()[0]
        assert cache_tests_pass(f"redis://{address}/0")


def test_the_embedded_one(project, cache_tests_pass, tmp_path):
    program = project.run(project.path / ".venv/bin/python", "-c", EMBEDDED).strip()
    version = subprocess.check_output([program, "--version"], text=True)
    assert "Valkey server v=9." in version
    port = str(free_port())
    command = [program, "--port", port, "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as server:
        try:
            assert cache_tests_pass(f"redis://127.0.0.1:{port}/0")
        finally:
            server.terminate()
