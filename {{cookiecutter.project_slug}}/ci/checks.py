"""The checks: the steps of each, and how to fix a failure."""

import dataclasses
import os
from pathlib import Path

from ci import PROJECT, RESULTS

BIN = Path(os.environ.get("VENV", ".venv"), "bin")
PYTHON = BIN / "python"
IMAGE = "library:ci"
LAB = "lab/imports.toml"
INSTALLED_FROM = {
    "docker": "docs.docker.com/get-docker",
    "shellcheck": "www.shellcheck.net",
    "terraform": "developer.hashicorp.com/terraform/install",
}
NOT_OURS = {".venv", ".terraform", "build"}
# As on the server. None of these is a real secret.
PRODUCTION = {
    "ALLOWED_HOSTS": "library.example.com",
    "USE_HTTPS": "on",
    "SECRET_KEY": "only-for-the-deploy-check-" + "s" * 50,
    "JWT_SECRET_KEY": "only-for-the-deploy-check-" + "j" * 50,
    "REDIS_URL": "redis://cache:6379/0",
}


@dataclasses.dataclass(frozen=True)
class Step:
    """One command; `mend` says how to fix its failure.

    `shows` is the part of its output to show: the end, a "diff", or "tests".
    """

    name: str
    command: tuple[str | Path, ...]
    mend: str = ""
    shows: str = "output"
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def style() -> list[Step]:
    black = (PYTHON, "-m", "black", "--quiet", "--check", "--diff", ".")
    isort = (PYTHON, "-m", "isort", "--check-only", "--diff", ".")
    contracts = (BIN / "lint-imports", "--no-cache")
    own = (*contracts, "--config", LAB)
    lab = [Step("the lab's contracts", own)] if (PROJECT / LAB).is_file() else []
    return [
        INSTALL,
        Step("black", black, "`make format`", "diff"),
        Step("isort", isort, "`make format`", "diff"),
        Step("ruff", (BIN / "ruff", "check", "--no-cache", "--output-format=concise")),
        Step("mypy", (PYTHON, "-m", "mypy")),
        Step("import contracts", contracts),
        *lab,
    ]


def tests() -> list[Step]:
    chosen = os.environ.get("ARGS", "").split()
    return [INSTALL, Step("pytest", (PYTHON, "-m", "tests", *chosen), shows="tests")]


def deploy_check() -> list[Step]:
    manage = (PYTHON, "manage.py")
    settings = (*manage, "check", "--deploy", "--fail-level", "WARNING")
    missing = (*manage, "makemigrations", "--check", "--dry-run")
    junit = f"--junitxml={RESULTS}/deploy-check/PostgreSQL.xml"
    # Only if DATABASE_URL is that of PostgreSQL; otherwise the job `tests` runs them.
    lint = (PYTHON, "-m", "pytest", "-q", "tests/test_migrations.py", junit)
    return [
        INSTALL,
        Step("production settings", settings, environment=PRODUCTION),
        Step(
            "no migration is missing",
            missing,
            f"`{PYTHON} manage.py makemigrations`, and commit what it writes",
            environment=PRODUCTION,
        ),
        Step(
            "migrations fit the running release",
            lint,
            "see `docs/deployment.md`",
            "tests",
        ),
    ]


def terraform() -> list[Step]:
    formatted = in_terraform("terraform", "fmt", "-check", "-diff", "-recursive")
    return [
        Step(
            "format", formatted, "`terraform -chdir=terraform fmt -recursive`", "diff"
        ),
        *(
            Step(f"{command} {root}", in_terraform(root, *arguments))
            for root in ("terraform", "terraform/bootstrap", "terraform/scale-out")
            for command, arguments in TERRAFORM_STEPS.items()
            # A mocked provider breaks on scale-out's ephemeral resources.
            if command != "test" or (PROJECT / root / "tests").is_dir()
        ),
    ]


TERRAFORM_STEPS = {
    "init": ("init", "-backend=false", "-input=false", "-no-color"),
    "validate": ("validate", "-no-color"),
    "test": ("test", "-no-color"),
}


def in_terraform(root: str, *arguments: str) -> tuple[str, ...]:
    return ("terraform", f"-chdir={root}", *arguments)


def scripts() -> list[Step]:
    found = [path.relative_to(PROJECT) for path in PROJECT.rglob("*.sh")]
    ours = sorted(path for path in found if NOT_OURS.isdisjoint(path.parts))
    return [Step("shellcheck", ("shellcheck", "--external-sources", *ours))]


def image() -> list[Step]:
    secrets = [f"--env={name}={value}" for name, value in PRODUCTION.items()]
    starts = ("docker", "run", "--rm", *secrets, IMAGE, "gunicorn", "--check-config")
    return [
        Step("build", ("sh", "ci/build-image.sh", IMAGE)),
        Step("it can start", (*starts, "--config", "config/gunicorn.py")),
    ]


INSTALL = Step("install", ("make", "--no-print-directory", "install"))
CHECKS = {
    "style": style,
    "tests": tests,
    "deploy-check": deploy_check,
    "terraform": terraform,
    "scripts": scripts,
    "image": image,
}
