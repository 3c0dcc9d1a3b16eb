"""Build both languages' sites with Zensical, and serve them."""

import functools
import http.server
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.tools import DOCS, LANGUAGES, ROOT
from docs.tools.parsing import Mistake

SITE = ROOT / "site"
COLOUR = re.compile(r"\x1b\[[\d;]*m")
WARNING = re.compile(r"Warning: (.+)\n\s*╭─\[ (\S+) \]")


def build(into=SITE):
    """Build strictly: a dead link or anchor is a mistake. Gives what was built."""
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        built = Path(folder) / "site"
        for language in LANGUAGES:
            build_language(language, Path(folder))
        shutil.copy(DOCS / "landing.html", built / "index.html")
        shutil.rmtree(into, ignore_errors=True)
        shutil.move(built, into)
    pages = sum(1 for _ in into.rglob("*.html"))
    return f"Built {pages} pages into {into.name}/ in {time.monotonic() - began:.1f} s"


def build_language(language, folder):
    """Build a copy: Zensical writes beside its configuration, a cache too."""
    config = f"zensical.{language}.toml"
    shutil.copy(DOCS / config, folder)
    shutil.copytree(DOCS / language, folder / language)
    done = subprocess.run(
        [zensical(), "build", "--strict", "--config-file", config],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise Mistake(f"docs/{config} does not build:\n{told(done.stdout)}")


def told(output):
    """Each warning as one line: where, and what."""
    plain = COLOUR.sub("", output)
    warnings = WARNING.findall(plain)
    lines = (f"  {where}: {what}" for what, where in warnings)
    return "\n".join(lines) or plain.strip()


def zensical():
    beside = Path(sys.executable).with_name("zensical")
    found = beside if beside.exists() else shutil.which("zensical")
    if not found:
        raise Mistake("zensical is not installed: run make docs")
    return found


def server(port, folder=SITE):
    """A server of the built sites; port 0 takes a free one."""
    handler = functools.partial(Quiet, directory=folder)
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def serve(port):
    try:
        serving = server(port)
    except OSError as error:
        raise Mistake(f"port {port}: {error.strerror}; say PORT=8001") from None
    print(f"http://localhost:{port} serves the site. Ctrl-C ends it.", flush=True)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        print()
