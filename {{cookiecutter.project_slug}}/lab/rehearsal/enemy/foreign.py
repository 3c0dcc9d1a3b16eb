"""Values of somebody else under every key that the application has in Redis."""

import pickle
import subprocess
from collections.abc import Iterable

# What the first of the values runs if anybody unpickles it.
EXECUTED = "/tmp/executed"
# Redis lets the API in, for what it needs. The enemy has all rights.
USERS = "/users.acl"
ENTER = f"echo 'user enemy on nopass ~* &* +@all' >> {USERS}"
AS_ENEMY = "redis-cli --user enemy --pass any --no-auth-warning"
KEYS, WRITE = f"{AS_ENEMY} --scan", f"{AS_ENEMY} --pipe"


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
