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
    """One command; `mend` says how to fix a failure.

    `shows` is what the comment quotes of a failure: the end of the "output", the start
    of the "diff", or the "tests" that failed.
    """

    name: str
    command: tuple[str | Path, ...]
    mend: str = ""
    shows: str = "output"
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def style() -> list[Step]:
    """Return the steps that check format, imports, likely bugs, types and contracts."""
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
    """Return the steps that run all tests, or those that the variable ARGS names."""
    chosen = os.environ.get("ARGS", "").split()
    return [INSTALL, Step("pytest", (PYTHON, "-m", "tests", *chosen), shows="tests")]


def deploy_check() -> list[Step]:
    """Return the steps that check the settings and migrations as a deploy uses them."""
    manage = (PYTHON, "manage.py")
    settings = (*manage, "check", "--deploy", "--fail-level", "WARNING")
    missing = (*manage, "makemigrations", "--check", "--dry-run")
    junit = f"--junitxml={RESULTS}/deploy-check/PostgreSQL.xml"
    # Runs on PostgreSQL only (DATABASE_URL); otherwise the job `tests` runs it.
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
    """Return the steps that check the format, and each root by itself, without AWS."""
    formatted = _in_terraform("terraform", "fmt", "-check", "-diff", "-recursive")
    return [
        Step(
            "format", formatted, "`terraform -chdir=terraform fmt -recursive`", "diff"
        ),
        *(
            Step(f"{command} {root}", _in_terraform(root, *arguments))
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


def _in_terraform(root: str, *arguments: str) -> tuple[str, ...]:
    return ("terraform", f"-chdir={root}", *arguments)


def scripts() -> list[Step]:
    """Return the step that checks every shell script of the project."""
    found = [path.relative_to(PROJECT) for path in PROJECT.rglob("*.sh")]
    ours = sorted(path for path in found if NOT_OURS.isdisjoint(path.parts))
    return [Step("shellcheck", ("shellcheck", "--external-sources", *ours))]


def image() -> list[Step]:
    """Return the steps that build the image as IMAGE and check that it can start."""
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
