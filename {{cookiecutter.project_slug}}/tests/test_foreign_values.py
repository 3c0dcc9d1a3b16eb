"""Nothing that is read from Redis is executed, under whichever key it stands."""

import contextlib
import pickle
from itertools import count
from urllib.error import HTTPError

import pytest
from redis import Redis

from tests import live
from tests.left_out import or_left_out
from tests.servers import own_redis

pytestmark = pytest.mark.once
EMAIL, PASSWORD = "librarian@example.com", "a-quiet-river-23"
LIMIT = 10
numbers = count()


class Trap:
    """Makes the folder `owned` when its pickle is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        """Return the call that a pickle of it makes."""
        return (type(self.path).mkdir, (self.path,))


VALUES = {
    "a number's pickle": lambda client, key: client.set(key, pickle.dumps([1, 2])),
    "garbage": lambda client, key: client.set(key, b"\xff\xfe\x00 \xed\xa0\x80"),
    "nothing": lambda client, key: client.set(key, b""),
    "JSON": lambda client, key: client.set(key, b'{"a": [1]}'),
    "a number": lambda client, key: client.set(key, 999_999),
    "a number that expires late": lambda client, key: client.set(key, 99, ex=10**8),
    "no number to Redis": lambda client, key: client.set(key, b"9" * 400),
    "below zero": lambda client, key: client.set(key, b"-1"),
    "not a number": lambda client, key: client.set(key, b"nan"),
    "a megabyte": lambda client, key: client.set(key, b"9" * 2**20),
    "a list": lambda client, key: client.rpush(key, "1", "2"),
    "a hash": lambda client, key: client.hset(key, "1", "2"),
    "a set": lambda client, key: client.sadd(key, "1"),
    "a sorted set": lambda client, key: client.zadd(key, {"1": 2}),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Yield the address of an API with an own Redis, a client of that, and its keys."""
    folder = tmp_path_factory.mktemp("foreign")
    with contextlib.ExitStack() as stack:
        with or_left_out():
            redis = stack.enter_context(own_redis())
        database = stack.enter_context(live.database(folder))
        env = live.environment(database, REDIS_URL=redis.url, WEB_CONCURRENCY="2")
        env |= {"DJANGO_SETTINGS_MODULE": "tests.patient"}
        env["THROTTLE_LOGIN"] = f"{LIMIT}/min"
        live.manage("migrate", "--verbosity=0", env=env)
        live.create_superuser(env=env, email=EMAIL, password=PASSWORD)
        address, _ = stack.enter_context(live.gunicorn(env))
        client = stack.enter_context(Redis.from_url(redis.url))
        yield address, client, keys_of(client, lambda: use(address))


def keys_of(client, using):
    """Return the keys in Redis, and every word with a colon that was sent to it."""
    words = set()
    with client.monitor() as monitor:
        using()
        client.echo("end")
        while (seen := monitor.next_command()["command"]) != "ECHO end":
            words |= {word for word in seen.split() if ":" in word}
    return {*words, *(key.decode() for key in client.keys())}


def use(address):
    """Take the ways of the API that use Redis; each answer must be a good one."""
    token = live.log_in(address, EMAIL, PASSWORD)
    name = f"reader{next(numbers)}"
    reader = {"email": f"{name}@x.com", "username": name, "password": PASSWORD}
    assert live.send(f"{address}/users", reader)["username"] == name
    tag = live.send(f"{address}/tags", {"name": f"Tag of {name}"}, token)
    for path in ("tags", f"tags/{tag['tag_id']}", "books", "books?title=a"):
        for _ in range(3):
            assert live.send(f"{address}/{path}", token=token)
    login = {"email": EMAIL, "password": PASSWORD}
    tokens = live.send(f"{address}/auth/login", login)
    refresh = {"refresh_token": tokens["refresh_token"]}
    assert live.send(f"{address}/token/refresh", refresh)
    assert live.send(f"{address}/common/health-check")["cache"] == "ok"


def status_of_a_guess(address):
    """Return the status of a login to an account that nobody has."""
    with pytest.raises(HTTPError) as caught:
        live.log_in(address, f"nobody{next(numbers)}@example.com", "wrong")
    caught.value.close()
    return caught.value.code


def put_everywhere(client, keys, put):
    """Put a value under each key."""
    for key in keys:
        client.delete(key)
        put(client, key)


def test_the_counters_are_among_the_keys(served):
    _, _, keys = served
    kinds = {key.split(":")[2] for key in keys if key.startswith("library:throttle:")}
    assert kinds == {"login", "register", "refresh", "account", "place"}


def test_a_pickle_is_not_loaded(served, tmp_path):
    address, client, keys = served
    trap = pickle.dumps(Trap(tmp_path / "owned"))
    put_everywhere(client, keys, lambda client, key: client.set(key, trap))
    use(address)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("put", VALUES.values(), ids=VALUES)
def test_the_api_works_and_logins_are_limited(served, put):
    address, client, keys = served
    put_everywhere(client, keys, put)
    use(address)
    put_everywhere(client, keys, put)
    statuses = [status_of_a_guess(address) for _ in range(LIMIT + 1)]
    assert statuses == [401] * LIMIT + [429]
