"""`make up`: one command from a fresh render to an API on PostgreSQL and Redis."""

import json
import os
import urllib.request

import pytest

from tests.ports import free_port

HEALTH = "/api/v1/common/health-check"
COUNT = "from books.models import Book; print('books:', Book.objects.count())"


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.status, answer.read()


def books(project):
    shell = ("python", "manage.py", "shell", "--command", COUNT)
    return project.run("docker", "compose", "exec", "-T", "web", *shell)


@pytest.fixture
def owner_only(compose_project):
    """Take from all others what a umask of 077 would never have given them."""
    for path in [compose_project.path, *compose_project.path.rglob("*")]:
        path.chmod(path.stat().st_mode & 0o700)


@pytest.mark.usefixtures("owner_only")
@pytest.mark.minutes(0.4)
def test_up_seed_down_and_up_again(compose_project):
    port = free_port()
    compose_project.run("make", "up", f"PORT={port}")
    status, body = ask(port, HEALTH)
    assert status == 200
    assert json.loads(body) == {
        "status": "ok",
        "database": "ok",
        "cache": "ok",
        "release": "dev",
    }
    assert ask(port, "/static/admin/css/base.css")[0] == 200
    compose_project.run("make", "seed")
    compose_project.run("make", "down")

    compose_project.run("make", "up", f"PORT={port}")
    assert "books: 500" in books(compose_project), "make down lost the books"

    compose_project.run("make", "down")
    done = compose_project.try_to_run(
        "make", "up", f"PORT={port}", POSTGRES_PASSWORD="changed"
    )
    assert done.returncode != 0
    assert "has another password than POSTGRES_PASSWORD" in done.stdout
    assert "Put the old one back, or start with an empty database" in done.stdout


def services(project, *profile):
    (project.path / ".env").touch()
    command = ("docker", "compose", *profile, "config", "--format=json")
    return json.loads(project.run(*command))["services"]


def test_only_the_api_is_published_and_only_to_this_machine(compose_project):
    found = services(compose_project)
    published = {name: service.get("ports", []) for name, service in found.items()}
    assert [port["host_ip"] for port in published.pop("web")] == ["127.0.0.1"]
    assert not any(published.values())


def test_what_watches_is_published_to_this_machine_and_has_its_files(compose_project):
    found = services(compose_project, "--profile=monitoring")
    watching = {name: each for name, each in found.items() if "profiles" in each}
    hosts = {
        name: [port["host_ip"] for port in each.get("ports", [])]
        for name, each in watching.items()
    }
    assert {name for name in hosts if hosts[name]} == {"grafana", "prometheus"}
    assert set(sum(hosts.values(), [])) == {"127.0.0.1"}
    for each in watching.values():
        binds = [v["source"] for v in each.get("volumes", []) if v["type"] == "bind"]
        ours = [path for path in binds if path.startswith(str(compose_project.path))]
        assert all(os.path.isdir(path) for path in ours)
    assert "web" in found["web"]["environment"]["ALLOWED_HOSTS"].split(",")
