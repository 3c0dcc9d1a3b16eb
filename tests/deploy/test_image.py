"""The image contains what serving needs, and nothing else."""

import contextlib
import hashlib
import json
import secrets
import shutil
import stat
import sys
import urllib.request

import pytest

from tests.baking import FOLDER, BakedProject, clean_environment, run, succeed
from tests.deploy.conftest import docker
from tests.leftovers import leave
from tests.polling import wait_until

SECRETS = [
    *("--env", f"SECRET_KEY={'s' * 40}"),
    *("--env", f"JWT_SECRET_KEY={'j' * 40}"),
]
# Measured: 216 MB, of which the base is 129 MB.
MOST_MEGABYTES = 250
MOST_MEGABYTES_OF_OURS = 100

SERVING = (
    *("books/", "caching/", "common/", "config/", "loans/", "users/", "scripts/"),
    *("manage.py", "requirements/production.txt"),
)
BY_HAND = (
    *("notes/x.py", "members.csv", "backup.sql"),
    *("books/.env", "books/secrets.env", "books/token"),
    *("books/._models.py", "caching/page/page.html.orig", "scripts/config.env"),
    *("scripts/library.pem", "scripts/proxy/key", "requirements/token"),
)


def size(name):
    return int(docker("image", "inspect", "--format", "{{.Size}}", name)) / 1e6


def configuration(name):
    return json.loads(docker("image", "inspect", "--format", "{{json .Config}}", name))


def inside(image, command):
    return docker("run", "--rm", "--entrypoint", "sh", image, "-c", command)


def test_the_image_is_small(image):
    assert size(image) < MOST_MEGABYTES
    assert size(image) - size("python:3.13-slim") < MOST_MEGABYTES_OF_OURS


def test_it_runs_as_nobody_special_and_cannot_change_its_code(image):
    assert configuration(image)["User"] == "10001"
    assert inside(image, "id -u") == "10001"
    assert inside(image, "find /app /opt/venv -writable ! -type l | head") == ""


@pytest.fixture
def private_project(repository, tmp_path):
    """A project whose student's umask is 077, from the clone on."""
    clone_and_render = (
        f"umask 077 && git clone --quiet '{repository}' clone"
        f" && '{sys.executable}' -m cookiecutter clone --no-input --default-config"
    )
    succeed("sh", "-c", clone_and_render, cwd=tmp_path, env=clean_environment())
    project = BakedProject(tmp_path / "library-api")
    assert mode(tmp_path / "clone" / FOLDER / "manage.py") == 0o700
    assert mode(project.path / "config/settings.py") == 0o600
    return project


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def serve():
    """Serve with an image and SQLite; gives the answer of its health check."""
    started = []

    def answer(image):
        settings = (
            "--env",
            "DATABASE_URL=sqlite:////tmp/db",
            "--env",
            "ALLOWED_HOSTS=*",
        )
        options = ("--detach", "--publish", "127.0.0.1::8000", *SECRETS, *settings)
        started.append(docker("run", *options, image))
        return health(started[0])

    yield answer
    for name in started:
        docker("rm", "--force", "--volumes", name)


def health(container):
    def answer():
        state = docker("inspect", "--format", "{{.State.Running}}", container)
        assert state == "true", run("docker", "logs", container, cwd="/").stdout
        address = docker("port", container, "8000").splitlines()[0]
        url = f"http://{address}/api/v1/common/health-check"
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=10) as response:
                return json.load(response)

    return wait_until(answer, "the container's health check", 60)


def test_a_checkout_that_only_its_owner_may_read_makes_an_image_that_serves(
    base_images, private_project, serve
):
    name = f"cookiecutter-library-test:{secrets.token_hex(4)}"
    private_project.run("docker", "build", "--quiet", "--tag", name, ".")
    try:
        assert inside(name, "find /app /opt/venv ! -readable | head") == ""
        assert inside(name, "find /app /opt/venv -writable ! -type l | head") == ""
        assert serve(name)["database"] == "ok"
    finally:
        docker("image", "rm", "--force", name)


def test_no_compiler_no_curl_and_no_pip_of_ours_is_in_it(image):
    tools = inside(
        image, "for tool in cc gcc curl wget git; do command -v $tool; done; :"
    )
    assert tools == ""
    assert inside(image, "ls /opt/venv/bin | grep -c '^pip' || :") == "0"


def test_only_code_that_serves_is_in_it(image):
    held = set(inside(image, "ls -A /app").split())
    assert {"manage.py", "config", "books", "staticfiles"} <= held
    unwanted = set("tests tools terraform rehearsal benchmarks hunt docs".split())
    assert held.isdisjoint(unwanted)
    assert not [name for name in held if name.startswith(".")]


def test_it_carries_the_scripts_that_deploy_it(image, rendered):
    folder = configuration(image)["Labels"]["library.scripts"]
    listing = f"cd {folder} && find . -type f -exec sha256sum {{}} +"
    carried = dict(line.split()[::-1] for line in inside(image, listing).splitlines())
    assert carried == {
        f"./{name.removeprefix('scripts/')}": sha256(rendered.path / name)
        for name in rendered.files()
        if name.startswith("scripts/")
    }
    assert inside(image, f"find {folder} -name '*.sh' ! -perm -5") == ""


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_serves_enters_it_and_nothing_that_lies_beside_it(
    engine, rendered, tmp_path
):
    """Beside it: what git ignores, and what a student may have put there by hand."""
    project = BakedProject(tmp_path / "project")
    shutil.copytree(rendered.path, project.path)
    for name in (*leave(project.path), *BY_HAND):
        (project.path / name).parent.mkdir(parents=True, exist_ok=True)
        (project.path / name).write_text("private")
    (project.path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    held = BakedProject(tmp_path / "held")
    project.run("docker", "build", "--quiet", "--output", held.path, ".")
    serves = {name for name in rendered.files() if name.startswith(SERVING)}
    assert set(held.files()) == serves - {"caching/README.md"}


def test_its_health_is_asked_in_python(image):
    health = configuration(image)["Healthcheck"]
    assert health["Test"][:3] == ["CMD", "python", "-m"]


def test_static_files_are_collected(image):
    assert inside(image, "ls /app/staticfiles/admin/css/base.css")


def test_without_a_secret_it_stops_at_once_and_names_it(image):
    done = run("docker", "run", "--rm", *SECRETS[:2], image, cwd="/")
    assert done.returncode != 0
    assert "JWT_SECRET_KEY is not set" in done.stdout


def test_no_secret_is_baked_in(image):
    baked = dict(line.split("=", 1) for line in configuration(image)["Env"])
    assert baked["RELEASE"] == "proof"
    assert baked.keys().isdisjoint({"SECRET_KEY", "JWT_SECRET_KEY"})


def test_the_recipes_pass_hadolint(rendered, tool):
    recipes = [str(path) for path in rendered.path.rglob("*Dockerfile")]
    assert len(recipes) == 2
    succeed(tool("hadolint"), *recipes, cwd=rendered.path)


def test_older_engines_can_build_it(rendered):
    recipe = rendered.read("Dockerfile")
    for newer in ("# syntax=", "<<", "COPY --link", "start-interval"):
        assert newer not in recipe
