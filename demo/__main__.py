"""`python -m demo`: arguments, phases, closing lines."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import time
from contextlib import ExitStack, contextmanager

from demo.project import TEMPLATE, Project, Trouble, free_port
from demo.table import Screen
from demo.walk import walk

BOOKS = 500
BUILD = TEMPLATE / "build/demo"
EXIT_INTERRUPTED = 130
INTERRUPTIONS = ("SIGINT", "SIGTERM", "SIGHUP")


class Parser(argparse.ArgumentParser):
    """Refuses a bad argument with exit code 1 and one line."""

    def error(self, message):
        # argparse would print the usage first and exit with 2.
        self.exit(1, f"{self.prog}: {message} (see {self.prog} --help)\n")


def port_number(text):
    """Return the port in `text`. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port: give a number from 0 (any free port) to 65535"
        )
    return int(text)


def parse(arguments):
    """Return the options; None takes the command line's."""
    parser = Parser(prog="python -m demo", description="See the rendered API work.")
    parser.add_argument(
        "--once", action="store_true", help="stop after the walk; exit 1 if it failed"
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=8000,
        help="where to serve (default 8000; 0: any free port)",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep the books and readers of the last run (default: start empty)",
    )
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run the demo; gives the exit code."""
    options = parse(arguments)
    screen = Screen()
    listen_for_interruptions()
    try:
        return run(screen, options)
    except KeyboardInterrupt:
        screen.write("\n  Stopped: nothing is left running.")
        return EXIT_INTERRUPTED
    except Trouble as trouble:
        for line in trouble.details:
            print(f"    {line}", file=sys.stderr)
        print(f"demo: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def listen_for_interruptions():
    """Turn each way of asking to stop into one KeyboardInterrupt.

    Only the first counts: a second Ctrl-C must not break the stopping of servers.
    """
    signals = [getattr(signal, n) for n in INTERRUPTIONS if hasattr(signal, n)]

    def interrupt(number, frame):
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in signals:
        signal.signal(each, interrupt)


def run(screen, options):
    """Go through all phases; gives the exit code. Errors: Trouble, OSError."""
    started = time.monotonic()
    check_machine()
    # A port in use is refused before the long work; later it may be used anyway.
    free_port(options.port)
    librarian = new_librarian()
    project = Project(BUILD)

    screen.title("Library API: from the template to a running service")
    with screen.phase("Render the template") as tick:
        project.render(tick, keep=options.keep)
    with screen.phase("Set the project up") as tick:
        project.set_up(tick)
    with screen.phase(f"Seed {BOOKS} books") as tick:
        project.seed(tick, BOOKS)
    with screen.phase("Make a librarian") as tick:
        project.make_librarian(tick, librarian)
    with start(screen, project, options.port) as (url, server):
        right = show_walk(screen, walk(url, librarian))
        screen.write(f"  {time.monotonic() - started:.0f} seconds in all.\n")
        if not options.once:
            invite(screen, url, librarian)
            serve_until_interrupted(screen, server)
            screen.write("\n  Stopping the server.")
    return 0 if right else 1


def check_machine():
    """Errors: Trouble on Windows itself, or without `make`."""
    if os.name == "nt":
        raise Trouble("gunicorn does not run on Windows itself: use WSL")
    if shutil.which("make") is None:
        raise Trouble(
            "`make` is not on PATH. Debian, Ubuntu: sudo apt-get install make; "
            "macOS: xcode-select --install"
        )


def new_librarian():
    """Give {"email", "username", "password"}, new each time."""
    name = f"librarian-{secrets.token_hex(2)}"
    password = secrets.token_urlsafe(12)
    return {"email": f"{name}@example.com", "username": name, "password": password}


@contextmanager
def start(screen, project, port):
    """Serve as a phase that ends once the service answers; gives (url, process)."""
    with ExitStack() as stack:
        with screen.phase("Start gunicorn") as tick:
            serving = stack.enter_context(project.served(tick, free_port(port)))
        yield serving


def show_walk(screen, outcomes):
    """Show each outcome as it comes; True if every step is right."""
    screen.title("A walk through it")
    screen.heading()
    verdicts = []
    for outcome in outcomes:
        screen.row(outcome)
        verdicts.append(outcome.verdict)
    right = verdicts.count("right")
    screen.write(f"\n  {right} of {len(verdicts)} steps did what they should.")
    return right == len(verdicts)


def invite(screen, url, librarian):
    """Say where to look around, and as whom."""
    screen.write(f"  API         {url}/api/v1/common/health-check")
    screen.write(f"  Swagger UI  {url}/api/v1/docs")
    screen.write(f"  Admin       {url}/admin/")
    screen.write(f"              {librarian['email']}  {librarian['password']}\n")


def serve_until_interrupted(screen, server):
    """Wait for Ctrl-C. Errors: Trouble when the server ends before it."""
    try:
        # A person may press Ctrl-C as soon as this line is printed.
        screen.write("  Serving until Ctrl-C.")
        server.wait()
    except KeyboardInterrupt:
        return
    raise Trouble("gunicorn stopped by itself")


if __name__ == "__main__":
    sys.exit(main())
