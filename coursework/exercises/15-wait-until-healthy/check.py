"""A server answers in every way that a starting release can, and is waited for."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ci.release import health
from ci.release.command import ReleaseError
from course.marks import wrong

# Seconds until a release that never comes is given up; and how long that may take, and
# the wait for one that comes, on a busy machine.
PATIENCE, AT_MOST, LONGEST = 2, 20, 60


def check(seed):
    """Wait for a release that comes, and for two that never do."""
    data = random.Random(seed)
    answers = data.randrange(1, 4)
    old, new = (f"{data.randrange(16**7):07x}" for _ in range(2))
    check_it_comes(old, new, answers)
    health.PATIENCE = PATIENCE
    check_it_never_comes([(200, old)], new, "old_release")
    check_it_never_comes([(503, new)], new, "sick")


def check_it_comes(old, new, answers):
    """The old release answers, then nothing useful, then the new one."""
    script = [(200, old)] * answers + [(502, None), (200, None), (200, new)]
    with server(script) as (url, asked):
        error = wait_for(url, new, LONGEST)
    evidence = [*asked, f"check(url, {new!r}) -> {error or 'returned'}"]
    if error:
        key = "gave_up" if isinstance(error, ReleaseError) else "fell_over"
        wrong(key, evidence, n=len(asked))
    if not asked:
        wrong("not_asked", evidence)
    if len(asked) < len(script):
        wrong("too_early", evidence, last=asked[-1])


def check_it_never_comes(script, new, key):
    """The same answer comes for ever, and it is not the new release."""
    with server(script) as (url, asked):
        error = wait_for(url, new, AT_MOST)
    evidence = [*asked[:3], f"check(url, {new!r}) -> {error or 'returned'}"]
    if error is None:
        wrong(key, evidence)
    if isinstance(error, NotDone):
        wrong("for_ever", evidence, n=len(asked), patience=PATIENCE)
    if not isinstance(error, ReleaseError):
        wrong("fell_over", evidence, n=len(asked))


def wait_for(url, tag, seconds):
    """Call `check`; return what it raised, or NotDone after some seconds, or None."""
    pool = ThreadPoolExecutor(1)
    try:
        pool.submit(health.check, url, tag).result(seconds)
    except (NotImplementedError, KeyboardInterrupt):
        raise
    except Exception as error:
        return error
    finally:
        pool.shutdown(wait=False)
    return None


@contextmanager
def server(script):
    """Yield the address of a server that answers so, and a list of what it did.

    A pair of `script` is a status and a release; None: no JSON. The last is repeated.
    """
    asked, left = [], list(script)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, release = left.pop(0) if len(left) > 1 else left[0]
            asked.append(f"GET {self.path} -> {status} {release or '(no JSON)'}")
            self.send_response(status)
            self.end_headers()
            body = json.dumps({"release": release}) if release else "Bad gateway"
            self.wfile.write(body.encode())

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}", asked
        serving.shutdown()
