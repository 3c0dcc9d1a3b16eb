"""What gunicorn itself refuses, before Django hears of it, in the API's error shape."""

import json
from typing import Any

from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import Counter

from common.events import record

REFUSED = Counter(
    "requests_refused", "Requests refused before Django heard of them.", ["status"]
)
# What a busy server answers: in /metrics from the start, as 0.
REFUSED.labels("503")
# Seconds. The header Retry-After of a server that is too busy.
WAIT = 5
# Statuses of a request that was larger or slower than allowed.
LIMITS = {"408", "413", "414", "431"}


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn brings no types
    """gunicorn's worker with threads; a request that it can't read gets JSON."""

    def handle_error(
        self, req: Any, client: Any, addr: Any, exc: BaseException
    ) -> None:
        """Answer a request that was refused, or that broke the application."""
        super().handle_error(req, InJSON(client, addr), addr, exc)


class InJSON:
    """A client's socket. What gunicorn sends on it, a page of HTML, is sent as JSON."""

    def __init__(self, client: Any, address: Any) -> None:
        self.client, self.address = client, address

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def sendall(self, page: bytes) -> None:
        """Send the status of a whole answer, with a body in the API's shape."""
        self.client.sendall(refusal(page, self.address))


def refusal(page: bytes, address: Any) -> bytes:
    """Return the answer that gunicorn's page of HTML stands for; count and log it.

    `address` is the client's (host, port); of a socket in the file system, empty.
    """
    status_line = page.partition(b"\r\n")[0].decode("latin-1")
    _, status, reason = status_line.split(" ", 2)
    REFUSED.labels(status).inc()
    if status in LIMITS:
        record("limit_met", address=address[0] if address else "", status=int(status))
    code, detail = reason.lower().replace(" ", "_"), f"Refused unread: {reason}."
    kind = "server_error" if status >= "500" else "client_error"
    errors = [{"code": code, "detail": detail, "attr": None}]
    body = json.dumps({"type": kind, "errors": errors}, separators=(",", ":"))
    headers = "Connection: close\r\nContent-Type: application/json\r\n"
    headers += f"Retry-After: {WAIT}\r\n" if status == "503" else ""
    length = f"Content-Length: {len(body)}\r\n\r\n"
    return f"{status_line}\r\n{headers}{length}{body}".encode("latin-1")
