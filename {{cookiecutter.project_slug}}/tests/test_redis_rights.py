"""In Redis the API may do what it needs, and nobody may do more."""

import re
from urllib.request import urlopen

import pytest
import yaml
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from tests import live
from tests.test_foreign_values import EMAIL, PASSWORD, use
from tools.polling import wait_until

pytestmark = pytest.mark.once
COMPOSE = ("docker-compose.yml", "scripts/docker-compose.yml")
SCALE_OUT = "terraform/scale-out/cache.tf"
SECRET = "a-secret-of-redis"
VARIABLE = re.compile(r"\$\{(\w+):(?:\?|-(\w+))\}")
RIGHTS = re.compile(r'^ +(\w+) = "((?:on|off) .*)"$', re.MULTILINE)
REFUSED = (AuthenticationError, NoPermissionError)


def as_compose_says(file, users):
    """Write the file of users; return the arguments of Redis."""
    compose = yaml.safe_load((live.ROOT / file).read_text())
    service = compose["services"]["redis"]
    [config] = service["configs"]
    content = compose["configs"][config["source"]]["content"]
    users.write_text(VARIABLE.sub(lambda found: found[2] or SECRET, content))
    return [users if word == config["target"] else word for word in service["command"]]


def as_terraform_says(file, users):
    """Write the file of ElastiCache's users; return the arguments of Redis."""
    rights = dict(RIGHTS.findall((live.ROOT / file).read_text()))
    lines = [f"user {name} {access} >{SECRET}\n" for name, access in rights.items()]
    users.write_text("".join(lines))
    return ["--aclfile", users]


@pytest.fixture(params=(*COMPOSE, SCALE_OUT))
def redis(request, tmp_path, own_redis):
    """Return the URL of a Redis whose users are those of a file."""
    arguments = as_terraform_says if request.param == SCALE_OUT else as_compose_says
    return own_redis(*arguments(request.param, tmp_path / "users.acl")).url


def as_the_api(url, file):
    """Return the URL with the user and the password of the API."""
    password = "library" if file == "docker-compose.yml" else SECRET
    return url.replace("//", f"//library:{password}@")


@pytest.fixture
def url(request, redis):
    """Return the API's own URL of that Redis."""
    return as_the_api(redis, request.node.callspec.params["redis"])


def test_they_are_all_that_the_api_needs(url, tmp_path, capfd):
    with live.database(tmp_path) as database:
        env = live.environment(database, REDIS_URL=url, WEB_CONCURRENCY="2")
        # The page /cache, too; with three threads no stream of it is held.
        env |= {"CACHE_PAGE": "on", "WEB_THREADS": "3"}
        live.manage("migrate", "--verbosity=0", env=env)
        live.create_superuser(env=env, email=EMAIL, password=PASSWORD)
        with live.gunicorn(env) as (address, _):
            use(address)
            assert "Invalidated books." in live.manage("invalidate", "books", env=env)
            use(address)
            root = address.removesuffix("/api/v1")
            token = live.log_in(address, EMAIL, PASSWORD)

            def hit():
                live.send(f"{address}/tags", token=token)
                with urlopen(f"{root}/cache/events") as answer:
                    return b'"result": "hit"' in answer.read()

            wait_until(hit, "the end of the quarantine")
            with urlopen(f"{root}/metrics") as answer:
                text = answer.read()
            assert re.search(rb'cache_reads_total{result="hit",view="\S+"} [1-9]', text)
    said = capfd.readouterr().err
    assert "does not answer" not in said and "permissions" not in said


@pytest.mark.parametrize(
    "command",
    [
        ["CONFIG", "GET", "*"],
        ["FLUSHALL"],
        ["KEYS", "*"],
        ["SCAN", "0"],
        ["EVAL", "return 1", "0"],
        ["ACL", "LIST"],
        ["MONITOR"],
        ["GET", "another:key"],
    ],
    ids=lambda command: command[0],
)
def test_they_are_no_more(redis, url, command):
    for each in (redis, url):
        with Redis.from_url(each) as client, pytest.raises(REFUSED):
            client.execute_command(*command)


@pytest.mark.parametrize("redis", COMPOSE, indirect=True)
def test_without_the_password_there_is_ping_alone(redis):
    with Redis.from_url(redis) as client:
        assert client.ping()
        with pytest.raises(NoPermissionError):
            client.get("library:stamp:books")


@pytest.mark.parametrize("redis", [SCALE_OUT], indirect=True)
def test_without_the_password_elasticache_answers_nobody(redis):
    for nobody in ("", ":@", "library:@", f"default:{SECRET}@"):
        url = redis.replace("//", f"//{nobody}")
        with Redis.from_url(url) as client, pytest.raises(AuthenticationError):
            client.ping()


def test_the_password_is_in_no_command():
    # What other users of the machine see, too.
    for file in COMPOSE:
        services = yaml.safe_load((live.ROOT / file).read_text())["services"]
        assert "REDIS_PASSWORD" not in str(services["redis"])
