"""What the enemy sends: half requests that never end, and bodies that take memory.

Each attack returns a Counter of how its connections or requests ended. The module needs
the standard library alone: it runs in a process of its own (`in_own_process`), so that
the enemy does not slow down the honest readers' side of the connection.
"""

import asyncio
import concurrent.futures
import contextlib
import functools
import gzip
import itertools
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

DRIP = 2  # seconds between two bytes of a slow connection
PATIENCE = 10  # seconds that the enemy waits for an answer, as honest readers do
BIG, SMALL = 2_400_000, 60_000  # bytes; the API takes 64 KiB
API = "/api/v1"
PUBLIC = (f"{API}/token/refresh", f"{API}/auth/login")
# The third has no throttle: what it gets is read.
TARGETS = (*PUBLIC, f"{API}/loans")
JSON = "Content-Type: application/json\r\n"

# How a connection ended, where there is no status code.
CUT = "cut"
NEVER_CUT = "never cut"
NOT_TAKEN = "not taken"
NO_ANSWER = "no answer"


def in_own_process(attack: Callable, *arguments: Any) -> Any:
    """Return what an attack of this module returns; it runs in another process."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(attack, *arguments).result()


def head(path: str, headers: str = "") -> bytes:
    """Return the head of a POST, without the blank line that ends it."""
    return f"POST {path} HTTP/1.1\r\nHost: library\r\n{headers}".encode()


def slow_body() -> bytes:
    """Return the beginning of a request whose body is to follow, byte by byte."""
    start = b'\r\n{"refresh_token": "'
    return head(PUBLIC[0], f"{JSON}Content-Length: 1000\r\n") + start


def slow_headers(size: int) -> bytes:
    """Return `size` bytes of a header line that does not end."""
    return head(PUBLIC[1], "X-Slow: ") + b"a" * size


def hold(url: str, openings: Iterable[bytes], seconds: float) -> Counter:
    """Keep one connection for each opening: send that, then a byte now and then.

    What the server ends is opened again. Counts `cut`, and `never cut` for each that
    lasted from the first second to the last.
    """
    ends = time.monotonic() + seconds
    return asyncio.run(_all(_hold(url, each, ends) for each in openings))


async def _all(attacks: Iterable) -> Counter:
    return sum(await asyncio.gather(*attacks), Counter())


async def _hold(url: str, opening: bytes, ends: float) -> Counter:
    seen: Counter = Counter()
    while time.monotonic() < ends:
        end = await _hold_once(url, opening, ends)
        # A later one that is still there has not lasted from the first second on.
        if end != NEVER_CUT or not seen:
            seen[end] += 1
        await asyncio.sleep(1)
    return seen


async def _hold_once(url: str, opening: bytes, ends: float) -> str:
    """Hold one connection until the server ends it, or until `ends`."""
    try:
        reader, writer = await _open(url)
    except OSError:
        return NOT_TAKEN
    try:
        writer.write(opening)
        while time.monotonic() < ends:
            try:
                await asyncio.wait_for(reader.read(1), DRIP)
                return CUT
            except TimeoutError:
                writer.write(b"a")
        return NEVER_CUT
    except OSError:
        return CUT
    finally:
        writer.transport.abort()


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(url)
    opened = asyncio.open_connection(place.hostname, place.port)
    return await asyncio.wait_for(opened, PATIENCE)


@dataclass(frozen=True)
class Bomb:
    """A body that is to take more memory than the server has; `what` names it."""

    what: str
    body: bytes
    headers: str = JSON
    endless: bool = False  # the body again and again, as chunks

    def pieces(self) -> Iterable[bytes]:
        """Return the bytes after the head's last header, bit by bit."""
        if self.endless:
            chunk = b"%x\r\n%b\r\n" % (len(self.body), self.body)
            start = b"Transfer-Encoding: chunked\r\n\r\n"
            return itertools.chain([start], itertools.repeat(chunk))
        return [b"Content-Length: %d\r\n\r\n" % len(self.body), self.body]


def _lists(size: int) -> bytes:
    return b"[" + b"[]," * (size // 3) + b"[]]"


def _deep(size: int) -> bytes:
    return b"[" * (size // 2) + b"]" * (size // 2)


def _keys(size: int) -> bytes:
    return json.dumps({f"key{n}": 0 for n in range(size // 17)}).encode()


@functools.cache
def bombs() -> list[Bomb]:
    """Return bodies of many shapes: above the limit of 64 KiB, and just below it."""
    fields = "&".join(f"key{n}=0" for n in range(SMALL // 10)).encode()
    return [
        Bomb("2.4 MB of lists", _lists(BIG)),
        Bomb("2.4 MB deep", _deep(BIG)),
        Bomb("2.4 MB of text", b'{"refresh_token": "%b"}' % (b"a" * BIG)),
        Bomb("2.4 MB of keys", _keys(BIG)),
        Bomb("chunks without end", b"[]," * 10_000, endless=True),
        Bomb(
            "60 MB in 60 kB of gzip",
            gzip.compress(b"a" * 60_000_000),
            f"{JSON}Content-Encoding: gzip\r\n",
        ),
        Bomb("60 kB of lists", _lists(SMALL)),
        Bomb("60 kB deep", _deep(SMALL)),
        Bomb("60 kB of keys", _keys(SMALL)),
        Bomb(
            "60 kB of form fields",
            fields,
            "Content-Type: application/x-www-form-urlencoded\r\n",
        ),
    ]


def bombard(url: str, token: str, clients: int, seconds: float) -> dict[str, Counter]:
    """Throw each bomb from `clients` connections at once for `seconds`, at TARGETS.

    Returns {what: Counter of the status codes}.
    """
    return {
        bomb.what: asyncio.run(_rain(url, _with_token(bomb, token), clients, seconds))
        for bomb in bombs()
    }


def _with_token(bomb: Bomb, token: str) -> Bomb:
    authorization = f"Authorization: Bearer {token}\r\n"
    return replace(bomb, headers=bomb.headers + authorization)


async def _rain(url: str, bomb: Bomb, clients: int, seconds: float) -> Counter:
    ends = time.monotonic() + seconds
    paths = itertools.islice(itertools.cycle(TARGETS), clients)
    return await _all(_throw_until(ends, url, path, bomb) for path in paths)


async def _throw_until(ends: float, url: str, path: str, bomb: Bomb) -> Counter:
    seen: Counter = Counter()
    while time.monotonic() < ends:
        seen[await throw(url, path, bomb)] += 1
    return seen


async def throw(url: str, path: str, bomb: Bomb, patience: float = PATIENCE) -> str:
    """Send one request on a connection of its own; return its status code or end."""
    try:
        reader, writer = await _open(url)
    except OSError:
        return NOT_TAKEN
    answer = asyncio.create_task(reader.readline())
    try:
        async with asyncio.timeout(patience):
            writer.write(head(path, f"{bomb.headers}Connection: close\r\n"))
            await _send(writer, bomb.pieces(), answer)
            return _status(await answer)
    except TimeoutError:
        return NO_ANSWER
    except OSError:
        return CUT
    finally:
        answer.cancel()
        writer.transport.abort()


async def _send(
    writer: asyncio.StreamWriter, pieces: Iterable[bytes], answer: asyncio.Task
) -> None:
    """Send the pieces until all are sent, or the answer is there."""
    # The server may have answered before it stopped to read.
    with contextlib.suppress(OSError):
        for piece in pieces:
            if answer.done():
                return
            writer.write(piece)
            await writer.drain()


def _status(line: bytes) -> str:
    words = line.split()
    return words[1].decode() if len(words) > 1 else CUT


def ask_again_and_again(
    url: str, path: str, document: dict, token: str, clients: int, seconds: float
) -> Counter:
    """Post a document from `clients` connections at once, again and again."""
    request = _with_token(Bomb("a document", json.dumps(document).encode()), token)
    ends = time.monotonic() + seconds
    path = API + path
    return asyncio.run(
        _all(_throw_until(ends, url, path, request) for _ in range(clients))
    )
