"""With LOG_GROUP, what a container says comes to CloudWatch, here the stand-in's."""

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile

import pytest
import yaml

from tests.layers import leave_out
from tests.polling import wait_until
from tests.terraform.cloud import Cloud, start_server

IMAGE = "redis:8"
GROUP = "/library/server"
# The rights that the server's role gives to its engine.
RIGHTS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@pytest.fixture
def cloudwatch(tmp_path):
    with open(tmp_path / "moto.log", "wb") as log:
        process, url = start_server(log)
        try:
            yield Cloud(url)
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def bridge():
    """A bridge of its own. (An engine that is to have none deletes the others'.)"""
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine")
    name = f"library-{secrets.token_hex(3)}"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    address = ("ip", "address", "add", "172.31.251.1/24", "dev", name)
    subprocess.run(address, check=True)
    yield name
    subprocess.run(["ip", "link", "delete", name], check=True)


@pytest.fixture
def server_engine(base_images, bridge, tmp_path):
    """A Docker engine that has rights on AWS; it gives the words of a command to it."""
    if not (program := shutil.which("dockerd")):
        leave_out("no dockerd here")
    # The name of a socket has at most 108 bytes, and pytest's folders are deep.
    sockets = tempfile.mkdtemp()
    address = f"unix://{sockets}/engine"
    folders = (f"--data-root={tmp_path}/data", f"--exec-root={sockets}/exec")
    plain = (f"--bridge={bridge}", "--iptables=false", "--storage-driver=vfs")
    with open(tmp_path / "engine.log", "wb") as log:
        process = subprocess.Popen(
            [program, "--host", address, f"--pidfile={tmp_path}/pid", *folders, *plain],
            env=os.environ | RIGHTS,
            stdout=log,
            stderr=log,
        )
    words = ("docker", "--host", address)
    try:
        wait_until(lambda: call(*words, "info") == 0, "the engine", 60)
        image = subprocess.run(["docker", "save", IMAGE], capture_output=True)
        subprocess.run([*words, "load"], input=image.stdout, check=True)
        yield words
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(sockets, ignore_errors=True)


def call(*words):
    quiet = subprocess.DEVNULL
    return subprocess.call(words, stdout=quiet, stderr=quiet)


@pytest.mark.minutes(0.5)
def test_what_a_container_says_comes_to_its_stream(cloudwatch, server_engine, rendered):
    logs = cloudwatch.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    settings = rendered.read("scripts/logs.yml")
    for name, value in {"AWS_REGION": cloudwatch.region, "LOG_GROUP": GROUP}.items():
        settings = settings.replace(f"${{{name}:?}}", value)
    logging = yaml.safe_load(settings)["services"]["redis"]["logging"]
    options = logging["options"] | {"awslogs-endpoint": cloudwatch.url}
    subprocess.run(
        [
            *(*server_engine, "run", "--rm", "--name=library-redis-1"),
            *(
                "--network=none",
                "--entrypoint=echo",
                f"--log-driver={logging['driver']}",
            ),
            *(f"--log-opt={name}={text}" for name, text in options.items()),
            *(IMAGE, "said"),
        ],
        check=True,
    )
    where = {"logGroupName": GROUP, "logStreamName": "library-redis-1"}

    def sent():
        # The engine makes the stream beside the container, and sends after its end.
        with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
            return logs.get_log_events(**where)["events"]

    events = wait_until(sent, "its words", seconds=60)
    assert [event["message"] for event in events] == ["said"]
