"""The benchmarks of the rendered project, with all strategies installed."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from tests.baking import BakedProject, clean_environment
from tests.contract.server import serve, variables_for

pytestmark = pytest.mark.deep
LADDER = "per-book prefetched ttl flush cache-page cacheops cachalot generation ours"
QUESTIONS = "hits misses throughput writes crowd races mixed memory growth"
SHOWN = "docs/assets/bench"
SHORT = """
from datetime import timedelta
from config.settings import *
SIMPLE_JWT = SIMPLE_JWT | {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=3)}
"""
HASHED, PLACE = re.compile(r"\b[pm][0-9a-f]{10}\b"), re.compile(r"\d+\.\d{4,}")
# Locust prints its requests every two seconds.
AT_WORK, TOLD = re.compile(r"Aggregated +[1-9]"), 4


@pytest.fixture(scope="session")
def lab(rendered, once):
    """A project of its own, in which all questions and strategies were measured."""

    def measure(folder):
        shutil.copytree(rendered.path, folder)
        BakedProject(folder).run("make", "bench", "ARGS=--size tiny")

    return BakedProject(once("bench", measure))


@pytest.fixture
def measured(lab):
    """The results of that, round by round."""
    return json.loads(lab.read("build/bench/tiny/results.json"))


@pytest.mark.parametrize("question", QUESTIONS.split())
def test_every_strategy_answers_every_question(measured, question):
    records = [each for each in measured["records"] if each["question"] == question]
    if question == "growth":
        wanted = {"ours"}
    elif question in ("memory", "races"):
        wanted = set(LADDER.split()) - {"per-book", "prefetched"}
    else:
        wanted = set(LADDER.split())
    assert wanted <= {record["strategy"] for record in records}


@pytest.mark.minutes(2.5)
def test_all_answers_were_the_same_bytes(measured):
    assert measured["machine"]["answers checked equal"] >= 4
    assert measured["interrupted"] == ""


def test_it_reports_again_without_measuring(lab):
    before = lab.read("build/bench/tiny/report.md")
    assert "django-cacheops" in before and "django-cachalot" in before
    (lab.path / "build/bench/tiny/report.md").unlink()
    lab.run("make", "bench-plot", "ARGS=--size tiny")
    assert lab.read("build/bench/tiny/report.md") == before


def drawn(path):
    """A file's text; a figure without its places' last digits, which are the CPU's.

    Matplotlib makes its ids of them.
    """
    text = path.read_text()
    if path.suffix != ".svg":
        return text
    return PLACE.sub(lambda found: f"{float(found[0]):.2f}", HASHED.sub("id", text))


def test_what_is_committed_comes_from_its_results(lab, template, tmp_path):
    shown, again = template / SHOWN, tmp_path / "again"
    again.mkdir()
    shutil.copy(shown / "results.json", again)
    lab.run("make", "bench-plot", f"ARGS=--out {again}")
    made = {path.name: drawn(path) for path in again.iterdir()}
    committed = {path.name: drawn(path) for path in shown.iterdir()}
    assert made == {name: committed[name] for name in made}
    assert committed.keys() - made.keys() <= {"README.md", "quick.md"}


def test_what_it_is_compared_with_stays_out_of_the_api(lab, project):
    assert not (lab.path / ".venv").exists()
    listed = project.run(".venv/bin/python", "-m", "pip", "list")
    assert not re.search("cacheops|cachalot|locust", listed)


def test_locust_finds_no_failure_however_short_its_tokens_live(lab, project, tmp_path):
    (tmp_path / "short.py").write_text(SHORT)
    variables = variables_for(
        DATABASE_URL=f"sqlite:///{tmp_path / 'locust.sqlite3'}",
        DJANGO_SETTINGS_MODULE="short",
        PYTHONPATH=str(tmp_path),
    )
    project.manage("migrate", **variables)
    project.manage("seed_library", "--books", "100", **variables)
    with serve(project, tmp_path / "log", variables) as url:
        load = f"--headless --users 4 --spawn-rate 4 --host {url}"
        said = stopped_at_work(lab, "make", "locust", f"ARGS={load}")
    *_, final = re.findall(r"Aggregated +\d+ +(\d+)\(", said)
    assert final == "0", said


def stopped_at_work(project, *command):
    """Run it until it has printed requests so often; gives its whole output."""
    with subprocess.Popen(
        command,
        cwd=project.path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # As in a terminal, the program gets the signal, not only make.
        start_new_session=True,
    ) as process:
        said = ""
        while len(AT_WORK.findall(said)) < TOLD:
            line = process.stdout.readline()
            assert line, f"it ended without a request:\n{said}"
            said += line
        # Not SIGINT: it ends the greenlet at work, and if that one prints, only that.
        os.killpg(process.pid, signal.SIGTERM)
        return said + process.stdout.read()
