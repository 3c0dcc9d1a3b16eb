"""GitHub's runner holds what its list names, and no server for our tests to find."""

import pytest

from tests.workflows.conftest import engine, runner  # noqa: F401

# What `.ci/run` installs on ours. GitHub's has PostgreSQL's programs off PATH.
SERVERS = "redis-server valkey-server initdb pg_ctl postgres"
FIND = 'for name; do command -v "$name" || true; done'


def programs(root, *names):
    """Return which of these programs a root's user finds, by their paths."""
    done = root.run("sh", "-c", FIND, "find", *names)
    assert done.returncode == 0, done.stdout
    return done.stdout.split()


@pytest.mark.minutes(1)
def test_it_has_no_server_of_its_own(runner):  # noqa: F811
    assert programs(runner, *SERVERS.split()) == []


def test_it_has_what_the_workflows_call(runner):  # noqa: F811
    called = "bash curl docker git jq make python3 shellcheck terraform".split()
    assert len(programs(runner, *called)) == len(called)


def test_its_user_is_not_root_and_reaches_the_engine(runner):  # noqa: F811
    done = runner.run("sh", "-c", "id -u; docker version -f '{{.Server.Os}}'")
    user, system = done.stdout.split()
    assert user != "0" and system == "linux", done.stdout
