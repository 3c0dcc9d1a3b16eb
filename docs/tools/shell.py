"""One bash that lives as long as a page: its variables and its server, too."""

import contextlib
import os
import re
import secrets
import selectors
import signal
import subprocess
import time
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from tests.polling import wait_until

# Tells what hangs from what a busy machine is slow at (60 s were too few for pip).
PATIENCE = 600
# Asks this machine only.
direct = build_opener(ProxyHandler({}))


class Failed(Exception):
    """A command did not do what the page says; the message shows what it did."""


class Shell:
    """A bash in `folder`; commands run in it one after another."""

    def __init__(self, folder, env, scratch):
        self.folder = folder
        self.scratch = scratch
        self.server = None
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        # The server gets a process group of its own, to be stopped as a whole.
        self.write("set -m")

    def write(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def run(self, text, seconds=PATIENCE):
        """Run a command; gives its exit code and what it printed, errors among it."""
        if self.server:
            raise Failed(f"a server runs in this terminal, use another: {text}")
        script, end = self.script(text), f"end-{secrets.token_hex(8)}"
        self.write(f". {script} </dev/null; printf '\\n%s %s\\n' {end} $?")
        output = self.read_until(end, seconds, text)
        printed, _, code = output.rpartition(f"\n{end} ")
        return int(code), printed

    def read_until(self, end, seconds, text):
        output, deadline = b"", time.monotonic() + seconds
        pipe = self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not re.search(rb"\n" + end.encode() + rb" \d+\n$", output):
                left = deadline - time.monotonic()
                if left < 0 or not selector.select(left):
                    raise Failed(f"no end after {seconds} s: {text}\n{output.decode()}")
                if not (chunk := os.read(pipe.fileno(), 65536)):
                    raise Failed(f"the shell ended: {text}\n{output.decode()}")
                output += chunk
        return output.decode(errors="replace")

    def serve(self, text, url, seconds=PATIENCE):
        """Start a command that does not end, and wait until `url` answers."""
        log = self.scratch / f"server-{secrets.token_hex(4)}.log"
        code, printed = self.run(f"pwd; {{ {text}\n}} >{log} 2>&1 & echo $!")
        folder, server = printed.strip().split("\n")[-2:]
        self.folder, self.server = folder, int(server)
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: answers(url) or not alive(self.server), url, seconds)
        if not answers(url):
            raise Failed(f"{text} does not serve {url}:\n{log.read_text()}")

    def stop_server(self):
        """Do what Ctrl-C does, if something serves here."""
        if self.server:
            end_group(self.server)
            self.server = None
            self.run("wait 2>/dev/null || true")

    def close(self):
        """End the shell and all that it started."""
        if self.server:
            end_group(self.server)
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        end_group(self.process.pid)
        self.process.wait()

    def script(self, text):
        path = self.scratch / f"{secrets.token_hex(4)}.sh"
        path.write_text(text + "\n", encoding="utf-8")
        return path


def answers(url):
    """Whether a server answers there, with whatever."""
    try:
        direct.open(url, timeout=5).close()
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
    return True


def alive(group):
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_group(group, seconds=10):
    """Ask a process group to end, and end it."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if not alive(group):
            return
        os.killpg(group, name)
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not alive(group), "its end", seconds / 2)
