"""The image holds what serving needs, and nothing else."""

import json

from tests.baking import run, succeed
from tests.deploy.conftest import docker

SECRETS = [
    *("--env", f"SECRET_KEY={'s' * 40}"),
    *("--env", f"JWT_SECRET_KEY={'j' * 40}"),
]
# Measured: 216 MB, of which the base is 129 MB.
MOST_MEGABYTES = 250
MOST_MEGABYTES_OF_OURS = 100


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


def test_no_compiler_no_curl_and_no_pip_of_ours_is_in_it(image):
    tools = inside(
        image, "for tool in cc gcc curl wget git; do command -v $tool; done; :"
    )
    assert tools == ""
    assert inside(image, "ls /opt/venv/bin | grep -c '^pip' || :") == "0"


def test_only_code_that_serves_is_in_it(image):
    held = set(inside(image, "ls -A /app").split())
    assert {"manage.py", "config", "books", "staticfiles"} <= held
    unwanted = set(
        "tests tools scripts terraform rehearsal benchmarks hunt docs".split()
    )
    assert held.isdisjoint(unwanted)
    assert not [name for name in held if name.startswith(".")]


def test_a_secret_beside_the_code_stays_out_of_it(rendered, base_images, tmp_path):
    recipe = "FROM debian:trixie-slim\nCOPY . /context\nRUN ls -A /context >&2\n"
    (tmp_path / "Dockerfile").write_text(recipe)
    ignored = rendered.read(".dockerignore")
    (tmp_path / ".dockerignore").write_text(ignored)
    for name in (".env", ".env.production", "key.pem", "db.sqlite3", "wanted.py"):
        (tmp_path / name).write_text("secret")
    build = ("docker", "build", "--no-cache", "--progress=plain", ".")
    said = succeed(*build, cwd=tmp_path)
    assert "wanted.py" in said
    for name in (".env", "key.pem", "db.sqlite3"):
        assert f" {name}\n" not in said


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
