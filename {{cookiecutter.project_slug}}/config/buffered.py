"""gunicorn's worker with threads, which no slow client and no held lock can stop.

gthread reads a request on the thread that answers it, so forty slow clients hold all
threads. Here the loop reads each request whole, under deadlines and limits, before it
gets a thread; and health checks, reads and writes have threads apart.
"""

import select
import socket
import struct
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn import http
from gunicorn.config import Config

from config import refusals
from config.incoming import Incoming

# Seconds: for a head, again for its body, and for a client to close after the answer.
READ_SECONDS, LINGER_SECONDS = 10, 2
# A client that takes in nothing of its answer for so many seconds loses it.
SEND_SECONDS = 10
# A write that has waited longer for a thread gets a 503, while its client still
# listens. Others don't wait for locks: where they wait, the machine is busy.
QUEUE_SECONDS = 3
# An answer fits into it (bytes), so that no thread waits for a slow reader.
SEND_BUFFER = 256 * 1024
# What waits in one process: connections that are read, their bytes, requests by kind.
MAX_READING, MAX_BYTES, MAX_QUEUED = 256, 4 * 1024**2, 200
HEALTH, READ, WRITE = "health", "read", "write"
HEALTH_PATH = b"/api/v1/common/health-check"


@dataclass(slots=True)
class Watch:
    """What the loop waits for on a connection, and until when (monotonic seconds).

    Without a request, the answer is sent and the client is expected to close.
    """

    request: Incoming | None
    deadline: float


class Pools:
    """Threads for each kind of request. A thread that waits holds up its kind alone.

    `threads` read, and a quarter as many write. Each may keep a connection to the
    database.
    """

    def __init__(self, threads: int) -> None:
        sizes = {HEALTH: 1, READ: threads, WRITE: max(2, threads // 4)}
        self.pools = {kind: ThreadPoolExecutor(n, kind) for kind, n in sizes.items()}
        self.busy = dict.fromkeys(sizes, 0)

    def submit(self, handle: Any, conn: Any) -> Future[Any]:
        """Run `handle(conn)` on a thread for the connection's kind of request."""
        self.busy[conn.kind] += 1
        return self.pools[conn.kind].submit(handle, conn)

    def shutdown(self, wait: bool = True) -> None:
        """Take no more requests."""
        for pool in self.pools.values():
            pool.shutdown(wait=wait)


class Worker(refusals.Worker):
    """Reads requests whole before they get a thread; threads apart for each kind."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Oldest first.
        self.watched: dict[Any, Watch] = {}
        self.bytes, self.next_sweep, self.stopping = 0, 0.0, 0.0

    @classmethod
    def check_config(cls, cfg: Config, log: Any) -> None:
        """Refuse TLS, which this worker does not read."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ValueError("config.buffered.Worker has no TLS: put a proxy before it")

    def get_thread_pool(self) -> Pools:
        """Return the threads."""
        return Pools(self.cfg.threads)

    def enqueue_req(self, conn: Any) -> None:
        """Read the connection's next request. (gunicorn would hand it to a thread.)"""
        if conn.parser is None:
            # It reads what we put into its buffer, and then finds the end.
            conn.parser = http.get_parser(self.cfg, (), conn.client)
            conn.initialized = True
            _limit_sending(conn.sock)
        self._watch(conn, Incoming(), READ_SECONDS)
        self._take(conn, conn.parser.unreader.take_buffered())

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep the connection, or close it without waiting for the client."""
        self.tpool.busy[conn.kind] -= 1
        if fs.cancelled() or fs.exception() or not fs.result():
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request. Its body is here: nothing is left to be asked for."""
        waited = time.monotonic() - conn.queued_at
        if conn.kind == WRITE and waited > QUEUE_SECONDS:
            page = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
            _send(conn, refusals.refusal(page, conn.client))
            return False
        req._expected_100_continue = False
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """End what has met its deadline; look once a second."""
        now = time.monotonic()
        if now < self.next_sweep:
            return
        self.next_sweep = now + 1
        if not self.alive:
            self.stopping = self.stopping or now
        for conn, watch in list(self.watched.items()):
            begun = watch.request is not None and watch.request.data
            stopped = self.stopping and now > self.stopping + LINGER_SECONDS
            if begun and watch.deadline <= now:
                self._refuse(conn, 408, "Request Timeout")
            elif not begun and (watch.deadline <= now or stopped):
                self._drop(conn)

    def _watch(self, conn: Any, request: Incoming | None, seconds: float) -> None:
        conn.sock.setblocking(False)
        self.watched[conn] = Watch(request, time.monotonic() + seconds)
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_readable, conn))
        if len(self.watched) > MAX_READING:
            self._drop(next(iter(self.watched)))

    def _unwatch(self, conn: Any) -> Watch:
        self.poller.unregister(conn.sock)
        watch = self.watched.pop(conn)
        self.bytes -= len(watch.request.data) if watch.request else 0
        return watch

    def _on_readable(self, conn: Any, _: Any) -> None:
        if conn not in self.watched:  # dropped by an event before this one
            return
        try:
            data = conn.sock.recv(64 * 1024)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        request = self.watched[conn].request
        if data:
            self._take(conn, data)
        elif request and request.data:
            self._dispatch(conn)  # the client sends no more: the parser says what it is
        else:
            self._drop(conn)

    def _take(self, conn: Any, data: bytes) -> None:
        watch = self.watched[conn]
        if watch.request is None or not data:
            return
        in_head = not watch.request.body
        self.bytes += len(data)
        if watch.request.add(data):
            self._dispatch(conn)
        elif watch.request.refusal:
            self._refuse(conn, *watch.request.refusal)
        elif in_head and watch.request.body:
            watch.deadline = time.monotonic() + READ_SECONDS
            if watch.request.expects_continue:
                _send(conn, b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.bytes > MAX_BYTES:
            self._refuse_the_largest()

    def _dispatch(self, conn: Any) -> None:
        request = self.watched[conn].request
        assert request is not None
        conn.kind = kind_of(bytes(request.data[:200]))
        if self.tpool.busy[conn.kind] >= MAX_QUEUED:
            self._refuse(conn, 503, "Service Unavailable")
            return
        if conn.parser.req_count and not _has_room(conn.sock):
            # It must take in the last answers first: a thread would wait for that.
            self.watched[conn].deadline = time.monotonic() + SEND_SECONDS
            resume = partial(self._on_writable, conn)
            self.poller.modify(conn.sock, EVENT_WRITE, resume)
            return
        self._unwatch(conn)
        conn.parser.unreader.unread(bytes(request.data))
        conn.queued_at = time.monotonic()
        super().enqueue_req(conn)

    def _on_writable(self, conn: Any, _: Any) -> None:
        if conn in self.watched:
            self._dispatch(conn)

    def _refuse_the_largest(self) -> None:
        reading = {c: len(w.request.data) for c, w in self.watched.items() if w.request}
        self._refuse(max(reading, key=reading.__getitem__), 503, "Service Unavailable")

    def _refuse(self, conn: Any, status: int, reason: str) -> None:
        self._unwatch(conn)
        page = f"HTTP/1.1 {status} {reason}\r\n\r\n".encode()
        _send(conn, refusals.refusal(page, conn.client))
        self._linger(conn)

    def _linger(self, conn: Any) -> None:
        # What the client still sends is read and forgotten: closed at once, the kernel
        # would reset the connection, and the client might lose the answer.
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self._watch(conn, None, LINGER_SECONDS)
        except OSError:
            self.nr_conns -= 1
            conn.close()

    def _drop(self, conn: Any) -> None:
        self._unwatch(conn)
        self.nr_conns -= 1
        conn.close()


def kind_of(start: bytes) -> str:
    """Return the kind of the request that starts with these bytes."""
    method, _, rest = start.partition(b" ")
    if method not in (b"GET", b"HEAD"):
        return WRITE
    is_health = rest.startswith((HEALTH_PATH + b" ", HEALTH_PATH + b"?"))
    return HEALTH if is_health else READ


def _limit_sending(client: socket.socket) -> None:
    seconds = struct.pack("ll", SEND_SECONDS, 0)
    with suppress(OSError):  # the client has gone
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)


def _has_room(client: socket.socket) -> bool:
    poller = select.poll()
    poller.register(client, select.POLLOUT)
    return bool(poller.poll(0))


def _send(conn: Any, data: bytes) -> None:
    with suppress(OSError):  # the client has gone, or takes nothing in
        conn.sock.sendall(data)
