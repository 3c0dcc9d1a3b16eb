"""`make demo`: what it shows, what it refuses, and that it leaves nothing behind."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from demo.project import TEMPLATE, started
from demo.table import Screen
from demo.walk import STEPS, Outcome, walk
from tests.baking import FOLDER, clean_environment, copy_working_tree

WAIT_SECONDS = 900


class Demo:
    """One run of the demo in a copy of the template, watched line by line."""

    def __init__(self, root, *arguments, **variables):
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo", *arguments],
            cwd=root,
            env=clean_environment(PYTHONUTF8="1", **variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def wait_for(self, text):
        """Read until the demo has printed this."""
        while text not in self.said:
            letter = self.process.stdout.read(1)
            assert letter, f"it never said {text!r}:\n{self.said}"
            self.said += letter

    def end(self):
        """Wait for the end; gives the exit code. It must never end in a traceback."""
        self.said += self.process.communicate(timeout=WAIT_SECONDS)[0]
        assert "Traceback" not in self.said
        return self.process.returncode

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.end()


def refusal(root, *arguments, **variables):
    """The one line with which the demo refuses to begin."""
    demo = Demo(root, *arguments, **variables)
    assert demo.end() == 1
    (line,) = demo.said.splitlines()
    return line


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return copy_working_tree(tmp_path_factory.mktemp("demo"))


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80.5", ""])
def test_a_bad_port_is_refused(root, port):
    line = refusal(root, f"--port={port}")

    assert repr(port) in line
    assert "0 (any free port) to 65535" in line


def test_an_unknown_option_is_refused(root):
    assert "--twice" in refusal(root, "--twice")


@pytest.mark.skipif(sys.platform == "win32", reason="the demo asks for WSL there")
def test_a_taken_port_is_refused(root):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        line = refusal(root, "--once", f"--port={port}")

    assert f"Port {port}" in line
    assert "--port" in line.partition("Choose another")[2]
    assert not (root / "build").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the demo asks for WSL there")
def test_what_the_hook_refuses_is_its_own_line_alone(tmp_path):
    root = copy_working_tree(tmp_path / "template")
    (root / FOLDER / ".env").write_text("SECRET_KEY=mine\n")

    demo = Demo(root, "--once", "--port=0")

    assert demo.end() == 1
    line = demo.said.splitlines()[-1]
    assert line.startswith("demo: template: its project folder holds .env from a run")


@pytest.mark.skipif(sys.platform == "win32", reason="the demo asks for WSL there")
def test_a_missing_make_is_named(root, tmp_path):
    assert "`make` is not on PATH" in refusal(root, "--once", PATH=str(tmp_path))


def test_an_old_python_is_refused(root):
    pretend = "import runpy, sys; sys.version_info = (3, 10, 1); runpy.run_module"
    done = subprocess.run(
        [sys.executable, "-c", f"{pretend}('demo', run_name='__main__')"],
        cwd=root,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "needs Python 3.11 or newer; this is 3.10" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the demo asks for WSL there")
@pytest.mark.deep
@pytest.mark.minutes(1.3)
def test_from_an_interrupted_setup_to_ctrl_c(root):
    """One build after another in the same folder."""
    interrupted = Demo(root, "--port=0")
    interrupted.wait_for("Set the project up")
    time.sleep(2)
    assert interrupted.interrupt() == 130
    assert processes_in(root) == []

    whole = Demo(root, "--port=0")
    whole.wait_for("Serving until Ctrl-C.")
    steps = len(STEPS)
    assert f"{steps} of {steps} steps did what they should" in whole.said
    places = re.findall(r"^  [A-Z].* (http\S+)$", whole.said, re.MULTILINE)
    assert len(places) == 3
    for place in places:
        answer = httpx.get(place, trust_env=False, follow_redirects=True)
        assert answer.status_code == 200
    assert whole.interrupt() == 0, whole.said
    assert processes_in(root) == []

    urls = root / FOLDER / "config/urls.py"
    urls.write_text(re.sub(r".*loans\.urls.*\n", "", urls.read_text()))
    faulty = Demo(root, "--once", "--keep", "--port=0")
    assert faulty.end() == 1
    assert "✗ She borrows the last copy" in faulty.said
    assert "– The first reader returns it" in faulty.said
    assert "✓ She lists 500 books" in faulty.said
    assert processes_in(root) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the demo asks for WSL there")
def test_without_a_network_it_says_so_and_keeps_the_details(tmp_path):
    root = copy_working_tree(tmp_path / "template")
    nowhere = "http://127.0.0.1:1"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    offline = dict.fromkeys(names, nowhere) | {"NO_PROXY": "", "no_proxy": ""}

    demo = Demo(
        *(root, "--once", "--port=0"),
        **offline,
        PIP_NO_CACHE_DIR="1",
        PIP_RETRIES="0",
    )

    assert demo.end() == 1
    assert demo.said.splitlines()[-1].startswith("demo: pip could not fetch")
    log = re.search(r"all it said: (.+)\)", demo.said)[1]
    assert "ERROR" in Path(log).read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="the demo asks for WSL there")
def test_no_setting_of_the_persons_shell_reaches_it(tmp_path, monkeypatch):
    # conda and tcsh export HOST; the others are settings of the project.
    settings = "HOST PORT DOTENV DEBUG DATABASE_URL REDIS_URL CACHE_TTL CACHE_PREFIX "
    settings += "WEB_THREADS WEB_CONCURRENCY PROMETHEUS_MULTIPROC_DIR ACCESS_LOG"
    needed = "PATH https_proxy PIP_INDEX_URL SSL_CERT_FILE LC_ALL"
    for name in f"{settings} {needed}".split():
        monkeypatch.setenv(name, os.environ.get(name, "C"))

    told = tmp_path / "told"
    with started(["env", "-0"], tmp_path, told, {"PORT": "8123"}) as child:
        child.wait(WAIT_SECONDS)

    variables = dict(line.split("=", 1) for line in told.read_text().split("\0")[:-1])
    assert variables["PORT"] == "8123"
    assert set(needed.split()) <= set(variables)
    assert not set(settings.split()) & set(variables) - {"PORT"}


class WrongAnswers(BaseHTTPRequestHandler):
    """Says 200 and the same thing to everyone."""

    answer = {"status": "ok", "database": "ok", "cache": "ok", "release": "wrong"}

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(self.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PATCH = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture
def wrong_service():
    with ThreadingHTTPServer(("127.0.0.1", 0), WrongAnswers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_wrong_answer_is_a_wrong_step(wrong_service):
    nobody = {"email": "librarian@example.com", "password": "unknown"}

    outcomes = {each.title: each for each in walk(wrong_service, nobody)}

    assert len(outcomes) == len(STEPS)
    assert outcomes["The service is healthy"].verdict == "right"
    assert outcomes["A reader registers"].verdict == "wrong"
    assert "expected 201" in outcomes["A reader registers"].note
    assert "access_token" in outcomes["She logs in"].note
    assert outcomes["She lists 500 books"].verdict == "not tried"
    assert [each.title for each in outcomes.values() if each.verdict == "right"] == [
        "The service is healthy"
    ]


def test_no_answer_at_all_is_a_wrong_step():
    nobody = {"email": "librarian@example.com", "password": "unknown"}

    first = next(walk("http://127.0.0.1:1", nobody))

    assert first.verdict == "wrong"
    assert first.status is None
    assert "no answer" in first.note


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


ROW = Outcome("A step", "right", "책 – done", "GET /books", 200, 1.25)


def test_a_line_fits_githubs_page_and_loses_nothing_of_the_answer():
    said = io.StringIO()
    screen = Screen(said)
    screen.heading()
    for title, _ in STEPS:
        long = Outcome(title, "right", "n" * 40, "GET /books?tag=1&tag=2", 200, 12345.6)
        screen.row(long)
        screen.row(Outcome(title, "right", "n" * 23, "GET /" + "b" * 40, 200, 1.25))

    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) == 96
    assert f"      {'n' * 40}" in lines
    assert len(lines) == 1 + 3 * len(STEPS)


def test_the_readme_shows_these_steps():
    text = (TEMPLATE / "README.md").read_text("utf-8")
    shown = text.partition("demo output: begin")[2].partition("demo output: end")[0]
    rows = re.findall(r"^  ✓ (.{28})", shown, re.MULTILINE)
    assert [row.strip() for row in rows] == [title for title, _ in STEPS]
    assert max(map(len, shown.splitlines())) <= 96


def test_colours_are_for_terminals(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        Screen(stream).row(ROW)

    assert "\033[32m✓\033[0m A step" in terminal.getvalue()
    assert "\033" not in file.getvalue()


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()

    Screen(terminal).row(ROW)

    assert "\033" not in terminal.getvalue()


def test_an_ascii_stream_gets_ascii():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    screen = Screen(stream)

    screen.row(ROW)
    with screen.phase("Nothing"):
        pass

    said = stream.buffer.getvalue().decode("ascii")
    assert said.startswith("  + A step")
    assert "? - done" in said


def processes_in(folder):
    """The processes that work in this folder, where the system can tell."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve().is_relative_to(folder):
                found.append((process / "cmdline").read_text().split("\0"))
        except OSError:
            continue
    return found
