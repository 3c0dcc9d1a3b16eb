"""The page and its stream.

An open page holds a thread of the server while it waits for news. So a stream ends
after HELD_SECONDS (a browser asks again by itself, and says what it has), and each
process holds no more than `CACHING["page_streams"]`, a quarter of its threads. Further
ones end at once: then the browser polls.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from caching.conf import conf, once_per_settings
from caching.page.ring import Cursor, get_ring
from caching.page.state import read_state

# Seconds that a stream is held, between two looks for news; milliseconds after which a
# browser asks again.
HELD_SECONDS, PAUSE, RETRY = 5, 0.1, 300
FOLDER = Path(__file__).parent
# Nothing but this server's own files, and no page around it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}


@once_per_settings
def held_streams() -> threading.BoundedSemaphore:
    """Return what counts the streams of this process that are held."""
    return threading.BoundedSemaphore(conf().page_streams)


def stream(cursor: Cursor) -> Iterator[str]:
    """Yield Server-Sent Events: the notes after a cursor, the state when it changes."""
    held = held_streams().acquire(blocking=False)
    end = time.monotonic() + HELD_SECONDS * held
    shown = None
    try:
        yield f"retry: {RETRY}\n\n"
        while True:
            notes, cursor = get_ring().since(cursor)
            yield from (_message(note, cursor) for note in notes if _is_json(note))
            state = json.dumps(read_state())
            if state != shown:
                shown = state
                yield f"event: state\ndata: {state}\n\n"
            if time.monotonic() >= end:
                return
            time.sleep(PAUSE)
    finally:
        if held:
            held_streams().release()


def _message(note: str, cursor: Cursor) -> str:
    return f"id: {cursor}\ndata: {note}\n\n"


def _is_json(note: str) -> bool:
    # Another program may have written there. A line break would end the message.
    try:
        json.loads(note)
    except ValueError:
        return False
    return note.isprintable()


@require_GET
def events(request: HttpRequest) -> StreamingHttpResponse:
    """Answer with the stream, from where the browser says it ended."""
    cursor = Cursor.parse(request.headers.get("Last-Event-ID", ""))
    return StreamingHttpResponse(
        stream(cursor), content_type="text/event-stream", headers=HEADERS
    )


def file(name: str, content_type: str) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view that answers with a file of this folder."""

    @require_GET
    def answer(request: HttpRequest) -> HttpResponse:
        content = (FOLDER / name).read_bytes()
        kind = f"{content_type}; charset=utf-8"
        return HttpResponse(content, kind, headers=HEADERS)

    return answer


urlpatterns = [
    path("", file("page.html", "text/html"), name="cache-page"),
    path("/events", events),
    path("/page.js", file("page.js", "text/javascript")),
    path("/page.css", file("page.css", "text/css")),
]
