"""Build both languages' sites with Zensical, and serve them."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from docs.tools import DOCS, LANGUAGES, ROOT
from docs.tools.parsing import Mistake

SITE = ROOT / "site"
# Zensical writes only below its configuration.
BUILT = DOCS / "site"
COLOUR = re.compile(r"\x1b\[[\d;]*m")
WARNING = re.compile(r"Warning: (.+)\n\s*╭─\[ (\S+) \]")


def build(into=SITE):
    """Build strictly: a dead link or anchor is a mistake. Gives what was built."""
    began = time.monotonic()
    shutil.rmtree(into, ignore_errors=True)
    for language in LANGUAGES:
        build_language(language)
    shutil.move(BUILT, into)
    shutil.copy(DOCS / "landing.html", into / "index.html")
    pages = sum(1 for _ in into.rglob("*.html"))
    return f"Built {pages} pages into {into.name}/ in {time.monotonic() - began:.1f} s"


def build_language(language):
    config = DOCS / f"zensical.{language}.toml"
    command = [zensical(), "build", "--strict", "--clean", "--config-file", config]
    done = subprocess.run(
        list(map(str, command)),
        cwd=DOCS,
        env=os.environ | {"NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise Mistake(f"docs/{config.name} does not build:\n{told(done.stdout)}")


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
