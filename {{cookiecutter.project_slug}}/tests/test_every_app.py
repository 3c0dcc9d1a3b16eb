"""Every app is named where apps are listed; one that is missing there goes unnoticed.

An app that no list names works on a laptop. But it is in no image, nothing checks its
types, imports and coverage, and pytest does not see the tests in it.
"""

import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

pytestmark = pytest.mark.once

CODE = "!{}/**/*.py"
ASSETS = ("fixtures", "locale", "static", "templates")
TESTS = ("tests.py", "test_*.py")


def own_apps():
    """Return the folders, beside manage.py, that this project's apps are in."""
    places = [Path(each.path).resolve() for each in apps.get_app_configs()]
    return sorted(
        {
            place.relative_to(settings.BASE_DIR).parts[0]
            for place in places
            if place.is_relative_to(settings.BASE_DIR)
            and "site-packages" not in place.parts
        }
    )


def read_toml(name):
    return tomllib.loads((settings.BASE_DIR / name).read_text(encoding="utf-8"))


def lists():
    """Return {where: the names in that list}, for each list of apps."""
    project = read_toml("pyproject.toml")
    tools = project["tool"]
    measured = tools["coverage"]["run"]["source"]
    found = {
        "pyproject.toml, [tool.mypy] files": tools["mypy"]["files"],
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


def missing(app):
    """Return where an app is not named, and what of it is found nowhere."""
    folder, image = settings.BASE_DIR / app, ignored()
    places = [where for where, names in lists().items() if app not in names]
    if CODE.format(app) not in image:
        places.append(f".dockerignore, {CODE.format(app)}")
    for place in folder.rglob("*/"):
        line = f"!{place.relative_to(settings.BASE_DIR).as_posix()}"
        if place.name in ASSETS and not any(each.startswith(line) for each in image):
            places.append(f".dockerignore, {line}")
    stray = [each for name in TESTS for each in folder.rglob(name)]
    return places + [
        f"{each.relative_to(settings.BASE_DIR)}: tests are in tests/" for each in stray
    ]


def test_every_app_is_named_in_every_list():
    found = [f"{app}: {place}" for app in own_apps() for place in missing(app)]
    assert not found, "\n".join(["not named where apps are listed:", *found])


def test_it_knows_the_apps_there_are():
    assert {"books", "caching", "common", "loans", "users"} <= set(own_apps())


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
