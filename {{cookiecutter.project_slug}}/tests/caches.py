"""Sets up the cache layer with each of its stores, empty."""

import contextlib
import weakref

import pytest
import redis
from django.core.management import CommandError, call_command
from django.urls import get_resolver

from caching import writes
from caching.outage import pending
from caching.stores import get_store, is_shared
from caching.watching import watched_tables
from common.counters import LOCAL

_connections = weakref.WeakSet()


def caching(redis_url="", **changes):
    """Return settings.CACHING for a test."""
    defaults = {"redis_url": redis_url, "access": "users.access.ReaderAccess"}
    # Long, because a test machine under load is slow. And while Redis counts as
    # writable, no read asks for more than its keys: so they can be counted.
    times = {"lease": 5, "timeout": 5, "wait": 20, "lock": 10, "writable_check": 600}
    return defaults | times | changes


def empty():
    """Empty the store and the counters, and end all quarantines: nobody writes."""
    LOCAL.counts.clear()
    store = get_store()
    store.clear()
    writes._write.reset()
    pending.forget()
    if hasattr(store, "client"):
        # Round trips are counted as on a Redis that has the scripts.
        for script in (store.script, store.unlock_script):
            store.client.script_load(script.script)
        for table in watched_tables():
            store.client.set(f"{store.prefix}:stamp:{table}", "stamp t e")
    return store


def invalidate(*names):
    """Run the command. Where it reaches no other process, it says so at the end."""
    alone = pytest.raises(CommandError, match="a running server was not reached")
    with contextlib.nullcontext() if is_shared() else alone:
        call_command("invalidate", *names)


def remember_connections():
    """Remember each connection to Redis that this process opens from now on."""
    connect = redis.connection.AbstractConnection.connect

    def remember(self):
        _connections.add(self)
        return connect(self)

    redis.connection.AbstractConnection.connect = remember


def close_connections():
    """Close the remembered connections; their owners open them again when necessary.

    The garbage collector would close them with a warning, in another test.
    """
    for connection in list(_connections):
        connection.disconnect()


@contextlib.contextmanager
def recorded_round_trips(monkeypatch):
    """Yield a list to which each round trip to Redis is added."""
    trips = []
    send = redis.connection.AbstractConnection.send_packed_command

    def record(self, command, *arguments, **options):
        trips.append(command)
        return send(self, command, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(
            redis.connection.AbstractConnection, "send_packed_command", record
        )
        yield trips


def cached_views(patterns=None, prefix="/"):
    """Yield (path, class) of each cached view, with its path as the URLs declare it."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from cached_views(pattern.url_patterns, path)
        elif hasattr(pattern.callback, "cached"):
            yield path, pattern.callback.cls


def result_of(response):
    """Return what X-Cache says, without the reason."""
    return response.headers.get("X-Cache", "").partition(";")[0]


def reason_of(response):
    """Return the reason that X-Cache gives."""
    return response.headers.get("X-Cache", "").partition("; ")[2]
