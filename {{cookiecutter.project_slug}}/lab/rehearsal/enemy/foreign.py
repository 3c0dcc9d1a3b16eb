"""Values of somebody else under every key that the application has in Redis."""

import contextlib
import pickle
import subprocess
from collections.abc import Iterable

from lab.rehearsal.docker import RehearsalError
from lab.rehearsal.enemy.faults import REDIS

# What the first of the values runs if anybody unpickles it.
EXECUTED = "/tmp/executed"
# The API's user in Redis may do what the API needs. The enemy may do anything.
ENTER = "echo 'user enemy on nopass ~* &* +@all' >> /users.acl"
AS_ENEMY = "redis-cli --user enemy --pass any --no-auth-warning"


class Command:
    """Runs a command in the process that unpickles it."""

    def __reduce__(self):
        return subprocess.call, (["touch", EXECUTED],)


def _set(value: bytes) -> tuple:
    return b"SET", value


FOREIGN = {
    "a pickle that runs a command": _set(pickle.dumps(Command())),
    "garbage": _set(bytes(range(256))),
    "JSON of another type": _set(b'{"a": [null, 1e999]}'),
    "a negative number": _set(b"-9999999999999999999999"),
    "an empty value": _set(b""),
    "a list": (b"RPUSH", b"a", b"b"),
    "a hash": (b"HSET", b"a", b"b"),
}


def commands(keys: Iterable[bytes], value: tuple) -> bytes:
    """Return the commands, in Redis's protocol, that put a value under the keys."""
    return b"".join(
        _command(b"DEL", key) + _command(value[0], key, *value[1:]) for key in keys
    )


def _command(*words: bytes) -> bytes:
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"*%d\r\n" % len(words) + b"".join(parts)


def let_in(host):
    """Give the enemy a user in Redis."""
    host.inside("docker", "exec", "--user", "0", REDIS, "sh", "-c", ENTER)
    host.inside("docker", "restart", REDIS)


def put_under_every_key(host, value):
    """Put a foreign value under every key in Redis; return the keys."""
    keys = _redis(host, "--scan").splitlines()
    _redis(host, "--pipe", commands(keys, value))
    return keys


def has_executed(host, container):
    """Return whether a container ran the command of a foreign value."""
    with contextlib.suppress(RehearsalError):
        host.inside("docker", "exec", container, "test", "-e", EXECUTED)
        return True
    return False


def _redis(host, option, stdin=b""):
    command = ("docker", "exec", "--interactive", REDIS, *AS_ENEMY.split(), option)
    return host.inside(*command, stdin=stdin)
