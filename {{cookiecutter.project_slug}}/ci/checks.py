"""The checks: what each one runs, step by step, and how its failure is mended."""

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
# As on the server; none of it is a secret.
PRODUCTION = {
    "ALLOWED_HOSTS": "library.example.com",
    "USE_HTTPS": "on",
    "SECRET_KEY": "only-for-the-deploy-check-" + "s" * 50,
    "JWT_SECRET_KEY": "only-for-the-deploy-check-" + "j" * 50,
}


@dataclasses.dataclass(frozen=True)
class Step:
    """One command; `mend` says what a person does when it fails.

    `shows` is what to show of a failure: its output's end, a "diff", or "tests".
    """

    name: str
    command: tuple
    mend: str = ""
    shows: str = "output"
    environment: dict = dataclasses.field(default_factory=dict)


def style():
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


def tests():
    chosen = os.environ.get("ARGS", "").split()
    return [INSTALL, Step("pytest", (PYTHON, "-m", "tests", *chosen), shows="tests")]


def deploy_check():
    manage = (PYTHON, "manage.py")
    settings = (*manage, "check", "--deploy", "--fail-level", "WARNING")
    missing = (*manage, "makemigrations", "--check", "--dry-run")
    junit = f"--junitxml={RESULTS}/deploy-check/PostgreSQL.xml"
    # Needs DATABASE_URL to be PostgreSQL's; without it, the tests job has run them.
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


def terraform():
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


def in_terraform(root, *arguments):
    return ("terraform", f"-chdir={root}", *arguments)


def scripts():
    found = [path.relative_to(PROJECT) for path in PROJECT.rglob("*.sh")]
    ours = sorted(path for path in found if NOT_OURS.isdisjoint(path.parts))
    return [Step("shellcheck", ("shellcheck", "--external-sources", *ours))]


def image():
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
