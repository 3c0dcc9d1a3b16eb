import os
import shutil
import sys

import pytest
from filelock import FileLock

from tests import layers
from tests.baking import (
    BakedProject,
    CommandLine,
    commit_everything,
    copy_working_tree,
)
from tests.foreign.report import Report

# In CI: the reports of the tests that failed.
FAILED = []


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory, worker_id):
    """One folder for all the workers of this run."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def once(shared_folder):
    """Let one worker make a folder that all of them use."""

    def make(name, build):
        folder = shared_folder / name
        with FileLock(f"{folder}.lock"):
            if not (done := shared_folder / f"{name}.done").exists():
                shutil.rmtree(folder, ignore_errors=True)
                build(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def template(once):
    """A copy of the template as a clone would hold it."""
    return once("template", copy_working_tree)


@pytest.fixture
def repository(template, tmp_path):
    """The template as a git repository of its own, to clone and to change."""
    copy = tmp_path / "cookiecutter-django-library"
    shutil.copytree(template, copy)
    commit_everything(copy)
    return copy


@pytest.fixture
def command_line(template, tmp_path):
    return CommandLine(template, tmp_path)


def baked(result):
    """The project that pytest-cookies rendered, or its error."""
    if result.exception:
        raise result.exception
    return BakedProject(result.project_path)


@pytest.fixture
def bake(cookies, template):
    """Render the template with answers, and defaults for the others."""

    def render(template=template, **answers):
        return baked(cookies.bake(answers, template=str(template)))

    return render


@pytest.fixture(scope="session")
def bake_into(cookies_session, template):
    """Render into a folder that all workers can use, also after this one has ended."""

    def render(folder, **answers):
        folder.mkdir(parents=True, exist_ok=True)
        project = baked(cookies_session.bake(answers, template=str(template)))
        return BakedProject(project.path.rename(folder / project.path.name))

    return render


@pytest.fixture(scope="session")
def rendered(bake_into, once):
    """The defaults, rendered once for all tests, which only read it."""
    shared = BakedProject(once("rendered", bake_into) / "library-api")
    files = shared.files()
    yield shared
    assert shared.files() == files, "a test left its traces in what all of them share"


@pytest.fixture(scope="session")
def project(bake_into, once):
    """The defaults, rendered and set up with `make setup`, once for all tests.

    Tests leave it as they found it.
    """

    def set_up(folder):
        bake_into(folder).run("make", "setup", f"PYTHON={sys.executable}")

    return BakedProject(once("project", set_up) / "library-api")


@pytest.fixture(scope="session")
def tool():
    """Find a program beside this Python or on PATH. In CI it must not be missing."""

    def find(name):
        here = os.path.dirname(sys.executable)
        found = shutil.which(name, path=here) or shutil.which(name)
        if not found:
            layers.leave_out(f"no {name} here")
        return found

    return find


@pytest.fixture
def platform_report(request, record_property):
    """Keep a line about this test for the end of the run."""
    made = Report(request.node.name)
    yield made
    record_property("platform", made.line())


def pytest_addoption(parser):
    parser.addoption("--deep", action="store_true", help="run the deep tests too")


def pytest_collection_modifyitems(config, items):
    if not (layers.IN_CI or config.getoption("deep")):
        layers.skip_deep(items)
    layers.limit_minutes(items)
    layers.deal(items, getattr(config, "workerinput", {}).get("workercount", 1))
    # The shared project needs make and a POSIX shell.
    for item in items:
        if "project" in item.fixturenames and os.name == "nt":
            item.add_marker(pytest.mark.skip(reason="make and sh are not on Windows"))


def pytest_runtest_logreport(report):
    """Print a failure in CI at once: a job that is stopped prints nothing later."""
    if report.failed and layers.IN_CI and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n\nFAILED {report.nodeid} ({report.when})", flush=True)
        print(report.longreprtext, flush=True)
        FAILED.append(report)


def pytest_unconfigure():
    """Print in CI, last of all, why each test failed: a log is read from its end."""
    for report in FAILED:
        print(f"\nFAILED {report.nodeid}")
        print("\n".join(layers.reasons(report.longreprtext)), flush=True)


def pytest_terminal_summary(terminalreporter):
    for line in layers.platforms(terminalreporter.stats):
        terminalreporter.write_line(line)
    for line in layers.summary(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line, yellow=True, bold=True)
