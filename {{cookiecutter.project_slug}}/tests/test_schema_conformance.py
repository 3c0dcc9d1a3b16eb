"""Schemathesis tests the running server against its own OpenAPI document."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import live

LIBRARIAN = {"email": "boss@example.com", "password": "a long unlikely phrase"}
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve a small library without throttling; yield its address."""
    with live.database(tmp_path_factory.mktemp("live")) as url:
        limited = ("LOGIN", "REGISTER", "REFRESH", "ACCOUNT")
        rates = {f"THROTTLE_{name}": "9999/sec" for name in limited}
        env = live.environment(url, **rates)
        live.manage("migrate", env=env)
        live.manage("seed_library", "--books", "20", env=env)
        live.create_superuser(env=env, **LIBRARIAN)
        with live.gunicorn(env) as (address, _):
            yield address


@pytest.mark.long
def test_it_finds_no_500_and_nothing_off_the_schema(server, tmp_path):
    # In a process of its own, because of its pytest plug-ins.
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{server}/schema",
    ]
    command += ["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"]
    # One worker: before 3.11.8 CPython can't parse in two threads (gh-106905).
    command += ["--max-examples", "15", "--seed", "1", "--no-color", "--workers", "1"]
    # Sent once, it would make a 401 of all that comes after it.
    command += ["--exclude-path", "/api/v1/auth/logout-all"]
    token = live.log_in(server, **LIBRARIAN)
    command += ["--header", f"Authorization: Bearer {token}"]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": ""}
    result = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-8000:]
    assert " passed" in result.stdout, result.stdout[-8000:]
