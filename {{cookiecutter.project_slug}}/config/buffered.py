"""gunicorn's worker with threads, which no slow client and no held lock can stop.

gthread reads a request on the thread that answers it, so a slow client holds a thread
for as long as it likes. Here the loop reads each request whole, within deadlines and
limits, before it gets a thread; and health checks, reads and writes have separate
threads. A hit needs no thread: the loop answers it (config/hits.py).
"""

import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn import http
from gunicorn.config import Config

from caching.at_once import Later
from config import refusals, sockets
from config.hits import Hits, at_once
from config.incoming import Incoming
from config.pools import WRITE, Pools, kind_of

# Seconds: for a head, again for its body, and for a client to close after the answer.
READ_SECONDS, LINGER_SECONDS = 10, 2
# A write that has waited longer than this for a thread gets a 503, while its client
# still listens; one that a busy disk held up for less is answered. Reads have no such
# limit: they hardly ever wait for a lock, so where they queue, the machine is busy.
QUEUE_SECONDS = 4
# What waits in one process: connections that are read, their bytes, requests by kind.
MAX_READING, MAX_BYTES, MAX_QUEUED = 256, 4 * 1024**2, 200


@dataclass(slots=True)
class Watch:
    """What the loop waits for on a connection, and until when (monotonic seconds).

    Without a request, the answer is sent and the client is expected to close.
    """

    request: Incoming | None
    deadline: float
    # Whether the loop hears of the connection.
    listening: bool = False

    @property
    def begun(self) -> bool:
        """Whether a part of a request is here."""
        return bool(self.request and self.request.data)


class Worker(refusals.Worker):
    """Reads requests whole before they get a thread; threads apart for each kind."""

    wsgi: Any

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Oldest first.
        self.watched: dict[Any, Watch] = {}
        self.bytes, self.next_sweep, self.stopping = 0, 0.0, 0.0
        # Whether the request that the loop tried to answer needs a thread.
        self.hits, self.later = Hits(), False

    @classmethod
    def check_config(cls, cfg: Config, log: Any) -> None:
        """Refuse TLS, which this worker does not read."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ValueError("config.buffered.Worker has no TLS: put a proxy before it")

    def init_process(self) -> None:
        """Serve. Settings are attributes from now on."""
        # gunicorn looks each up when it is read, two dozen times a request.
        values = {name: each.get() for name, each in self.cfg.settings.items()}
        self.cfg.__dict__.update(values)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application. On this thread, the loop's, it answers hits alone."""
        super().load_wsgi()
        self.wsgi = at_once(self.wsgi)

    def get_thread_pool(self) -> Pools:
        """Return the threads."""
        return Pools(self.cfg.threads)

    def enqueue_req(self, conn: Any) -> None:
        """Read the connection's next request. (gunicorn would hand it to a thread.)"""
        if conn.parser is None:
            # It reads what we put into its buffer, and then finds the end.
            conn.parser = http.get_parser(self.cfg, (), conn.client)
            conn.initialized = True
            sockets.limit_sending(conn.sock)
        watch = self._watch(conn, Incoming(), READ_SECONDS)
        # Mostly the request is here already, and the loop need not hear of it.
        data = conn.parser.unreader.take_buffered() or sockets.received(conn.sock)
        self._take(conn, data or b"")
        if self.watched.get(conn) is watch and not watch.listening:
            self._listen(conn, EVENT_READ, self._on_readable)

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep the connection, or close it without waiting for the client."""
        self.tpool.busy[conn.kind] -= 1
        self._finish(conn, fs)

    def _finish(self, conn: Any, fs: Future[Any]) -> None:
        if fs.cancelled() or fs.exception() or not fs.result():
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request. Its body is here: nothing is left to be asked for."""
        waited = time.monotonic() - conn.queued_at
        if conn.kind == WRITE and waited > QUEUE_SECONDS:
            page = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
            sockets.send(conn.sock, refusals.refusal(page, conn.client))
            return False
        req._expected_100_continue = False
        return super().handle_request(req, conn)

    def handle_error(
        self, req: Any, client: Any, addr: Any, exc: BaseException
    ) -> None:
        """Answer a request that was refused. One that needs a thread gets one."""
        if isinstance(exc, Later):
            self.later = True
        else:
            super().handle_error(req, client, addr, exc)

    def murder_pending(self) -> None:
        """End what has met its deadline; look once a second."""
        now = time.monotonic()
        if now < self.next_sweep:
            return
        self.next_sweep = now + 1
        if not self.alive:
            self.stopping = self.stopping or now
        for conn, watch in list(self.watched.items()):
            stopped = self.stopping and now > self.stopping + LINGER_SECONDS
            if watch.deadline <= now or (stopped and not watch.begun):
                self._end(conn)

    def _watch(self, conn: Any, request: Incoming | None, seconds: float) -> Watch:
        conn.sock.setblocking(False)
        self.watched[conn] = watch = Watch(request, time.monotonic() + seconds)
        if len(self.watched) > MAX_READING:
            self._end(next(iter(self.watched)))
        return watch

    def _end(self, conn: Any) -> None:
        """Wait no longer for a request. It is its client's fault, so this is no 5xx."""
        if self.watched[conn].begun:
            self._refuse(conn, 408, "Request Timeout")
        else:
            self._drop(conn)

    def _listen(self, conn: Any, event: int, then: Callable[[Any], None]) -> None:
        watch = self.watched[conn]
        change = self.poller.modify if watch.listening else self.poller.register
        change(conn.sock, event, lambda _: then(conn))
        watch.listening = True

    def _unwatch(self, conn: Any) -> Watch:
        watch = self.watched.pop(conn)
        if watch.listening:
            self.poller.unregister(conn.sock)
        self.bytes -= len(watch.request.data) if watch.request else 0
        return watch

    def _on_readable(self, conn: Any) -> None:
        if conn not in self.watched:  # dropped by an event before this one
            return
        data = sockets.received(conn.sock)
        request = self.watched[conn].request
        if data:
            self._take(conn, data)
        elif data is None:
            return
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
                sockets.send(conn.sock, b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.bytes > MAX_BYTES:
            self._end_the_largest()

    def _dispatch(self, conn: Any) -> None:
        request = self.watched[conn].request
        assert request is not None
        conn.kind = kind_of(bytes(request.data[:200]))
        # Alone: what follows a hit would be answered from within its own answer.
        alone = len(request.data) == request.end
        may_hit = alone and self.hits.expects(request.line)
        if not may_hit and self.tpool.busy[conn.kind] >= MAX_QUEUED:
            self._refuse(conn, 503, "Service Unavailable")
            return
        if conn.parser.req_count and not sockets.has_room(conn.sock):
            # It must take in the last answers first: a thread would wait for that.
            self.watched[conn].deadline = time.monotonic() + sockets.SEND_SECONDS
            self._listen(conn, EVENT_WRITE, self._on_writable)
            return
        self._unwatch(conn)
        conn.parser.unreader.unread(bytes(request.data))
        conn.queued_at = time.monotonic()
        if not (may_hit and self._is_answered(conn, bytes(request.data))):
            super().enqueue_req(conn)

    def _is_answered(self, conn: Any, data: bytes) -> bool:
        """Answer a hit on this thread; return whether it was one."""
        answer, self.later = sockets.Collected(conn.sock), False
        conn.sock = answer
        keeps = self.handle(conn)
        conn.sock = answer.client
        self.hits.took(time.monotonic() - conn.queued_at)
        if self.later:
            self._parse_again(conn, data)
        else:
            done: Future[Any] = Future()
            done.set_result(sockets.send(conn.sock, answer.data) and keeps)
            self._finish(conn, done)
        return not self.later

    def _parse_again(self, conn: Any, data: bytes) -> None:
        conn.parser.mesg = None
        # A body that nobody has read.
        conn.parser.unreader.take_buffered()
        conn.parser.unreader.unread(data)

    def _on_writable(self, conn: Any) -> None:
        if conn in self.watched:
            self._dispatch(conn)

    def _end_the_largest(self) -> None:
        reading = {c: len(w.request.data) for c, w in self.watched.items() if w.request}
        self._end(max(reading, key=reading.__getitem__))

    def _refuse(self, conn: Any, status: int, reason: str) -> None:
        self._unwatch(conn)
        page = f"HTTP/1.1 {status} {reason}\r\n\r\n".encode()
        sockets.send(conn.sock, refusals.refusal(page, conn.client))
        self._linger(conn)

    def _linger(self, conn: Any) -> None:
        # What the client still sends is read and forgotten: closed at once, the kernel
        # would reset the connection, and the client might lose the answer.
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self._watch(conn, None, LINGER_SECONDS)
            self._listen(conn, EVENT_READ, self._on_readable)
        except OSError:
            self.nr_conns -= 1
            conn.close()

    def _drop(self, conn: Any) -> None:
        self._unwatch(conn)
        self.nr_conns -= 1
        conn.close()
