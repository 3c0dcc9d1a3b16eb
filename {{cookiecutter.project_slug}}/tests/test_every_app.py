"""Every app is named where apps are listed; one that is missing there goes unnoticed.

An app that no list names works on a laptop. But it is in no image, nothing checks its
types, imports and coverage, and pytest does not see the tests in it. So does whatever
else the API imports: a package `utils/`, or a file beside manage.py.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from tests import live

pytestmark = pytest.mark.once

IMPORTS = """
import sys
from django.urls import get_resolver
import config.wsgi
get_resolver().url_patterns
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None) or "")
"""
MYPY = "pyproject.toml, [tool.mypy] files"
ASSETS = ("fixtures", "locale", "static", "templates")
TESTS = ("tests.py", "test_*.py")


def own(places):
    """Return the names, beside manage.py, of what these files and folders are in."""
    inside = [p for p in places if p.is_relative_to(settings.BASE_DIR)]
    parts = [place.relative_to(settings.BASE_DIR).parts for place in inside]
    return {names[0] for names in parts if "site-packages" not in names}


def own_apps():
    return own(Path(each.path).resolve() for each in apps.get_app_configs())


@pytest.fixture(scope="module")
def imported():
    """What the API itself imports; this process has imported more."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        cwd=settings.BASE_DIR,
        env=live.environment("sqlite:///:memory:"),
        capture_output=True,
        text=True,
        check=True,
    )
    return own(Path(line).resolve() for line in done.stdout.split("\n") if line)


def read_toml(name):
    return tomllib.loads((settings.BASE_DIR / name).read_text(encoding="utf-8"))


def lists():
    """Return {where: the names in that list}, for each list of apps."""
    project = read_toml("pyproject.toml")
    tools = project["tool"]
    measured = tools["coverage"]["run"]["source"]
    found = {
        MYPY: tools["mypy"]["files"],
        "pyproject.toml, [tool.coverage.run] source": measured,
    }
    files = {"pyproject.toml": project}
    if (settings.BASE_DIR / "lab/imports.toml").exists():
        files["lab/imports.toml"] = read_toml("lab/imports.toml")
    for name, document in files.items():
        contracts = document["tool"]["importlinter"]
        first = contracts["contracts"][0]["layers"]
        found[f"{name}, root_packages"] = contracts["root_packages"]
        found[f"{name}, the first layers"] = " ".join(first).split()
    return found


def ignored():
    text = (settings.BASE_DIR / ".dockerignore").read_text(encoding="utf-8")
    return text.splitlines()


def is_named(name, names):
    """Return whether a package or a module, or a part of it, is among names."""
    return any(f"{each}.".startswith(f"{name}.") for each in names)


def missing(name):
    """Return where an app, package or file is not named, what of it no list finds."""
    folder, image = settings.BASE_DIR / name, ignored()
    module, code = name.removesuffix(".py"), f"!{name}"
    code += "" if module != name else "/**/*.py"
    places = [
        where
        for where, names in lists().items()
        if not is_named(name if where == MYPY else module, names)
    ]
    if code not in image:
        places.append(f".dockerignore, {code}")
    for place in folder.rglob("*/"):
        line = f"!{place.relative_to(settings.BASE_DIR).as_posix()}"
        if place.name in ASSETS and not any(each.startswith(line) for each in image):
            places.append(f".dockerignore, {line}")
    stray = [each for pattern in TESTS for each in folder.rglob(pattern)]
    return places + [
        f"{each.relative_to(settings.BASE_DIR)}: tests are in tests/" for each in stray
    ]


def test_every_app_and_all_that_the_api_imports_is_named_in_every_list(imported):
    every = sorted(own_apps() | imported)
    found = [f"{name}: {place}" for name in every for place in missing(name)]
    assert not found, "\n".join(["not named where apps are listed:", *found])


def test_it_knows_the_apps_there_are(imported):
    assert {"books", "caching", "common", "loans", "users"} <= own_apps()
    assert own_apps() | {"config"} <= imported


def test_it_notices_an_app_that_no_list_names(settings, tmp_path):
    root = settings.BASE_DIR
    for name in (".dockerignore", "pyproject.toml"):
        (tmp_path / name).write_text((root / name).read_text(encoding="utf-8"))
    (tmp_path / "unlisted/inner/templates").mkdir(parents=True)
    (tmp_path / "unlisted/tests.py").touch()
    settings.BASE_DIR = tmp_path
    assert missing("unlisted") == [
        "pyproject.toml, [tool.mypy] files",
        "pyproject.toml, [tool.coverage.run] source",
        "pyproject.toml, root_packages",
        "pyproject.toml, the first layers",
        ".dockerignore, !unlisted/**/*.py",
        ".dockerignore, !unlisted/inner/templates",
        "unlisted/tests.py: tests are in tests/",
    ]
    assert missing("helpers.py")[-1] == ".dockerignore, !helpers.py"
    assert len(missing("helpers.py")) == 5


@pytest.mark.parametrize(
    ("name", "names", "named"),
    [
        ("utils", ["books", "utils"], True),
        ("config", ["config.health"], True),
        ("book", ["books", "a.book"], False),
    ],
)
def test_a_part_of_a_package_names_it(name, names, named):
    assert is_named(name, names) is named
