"""Of two limits, the inner one must end first: else the outer one cuts it off."""

import re
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
# In Compose's file, a service follows: how long Docker waits for it to stop.
COMPOSE = "scripts/docker-compose.yml"
UPDATE = "scripts/update-services.sh"
BALANCER = "terraform/scale-out/load_balancer.tf"
TASK = "terraform/scale-out/service.tf"

GRACEFUL = ("config/gunicorn.py", "^graceful_timeout = ")
QUEUE = ("config/buffered.py", "^QUEUE_SECONDS = ")
CONNECT = ("config/environment.py", '"connect_timeout": ')

# What is shorter (a number of seconds, or where it stands; several count as their sum),
# and what is longer.
ORDERS = {
    "last requests, a colour": ([GRACEFUL], (COMPOSE, "web-blue")),
    "last requests, ECS": ([GRACEFUL], (TASK, "stopTimeout += ")),
    "last requests, the proxy": (
        [("scripts/proxy/Caddyfile", r"^\tgrace_period ")],
        (COMPOSE, "caddy"),
    ),
    "Docker's own limit, PostgreSQL": ([10], (COMPOSE, "db")),
    # And a new container takes time to start.
    "the proxy is replaced, new connections are held": (
        [(UPDATE, "^  sleep "), (COMPOSE, "caddy"), (UPDATE, "^  await_proxy "), 20],
        (UPDATE, "read -r -t "),
    ),
    # Who opened a connection closes it.
    "the balancer's idle connection, the API's": (
        [(BALANCER, "^  idle_timeout += ")],
        (TASK, 'KEEP_ALIVE_SECONDS += "'),
    ),
    # A check that has no database gets its answer all the same.
    "no database, the balancer's check": ([CONNECT], (BALANCER, "^    timeout += ")),
    "the balancer's check, the next one": (
        [(BALANCER, "^    timeout += ")],
        (BALANCER, "^    interval += "),
    ),
    "no database, ECS's check": ([CONNECT], (TASK, r"ask\(8000, timeout=")),
    "an answer, ECS's check": (
        [(TASK, r"ask\(8000, timeout=")],
        (TASK, "^      timeout += "),
    ),
    "ECS's check, the next one": (
        [(TASK, "^      timeout += ")],
        (TASK, "^      interval += "),
    ),
    "an answer, Docker's check": (
        [("config/healthcheck.py", "timeout: float = ")],
        ("Dockerfile", "^HEALTHCHECK .*--timeout="),
    ),
    "a write in the queue, who asks by a script": (
        [QUEUE],
        ("scripts/common.sh", r"^ask\(\) .* -m "),
    ),
    "a write in the queue that waits for SQLite, last requests": (
        [QUEUE, ("config/environment.py", '^    "timeout": ')],
        GRACEFUL,
    ),
    # The API says it in its own shape, and looks once a second.
    "a late body, the proxy's own limit": (
        [("config/buffered.py", "^READ_SECONDS, LINGER_SECONDS = "), 1],
        ("scripts/proxy/Caddyfile", "^\t+read_body "),
    ),
}


def seconds(file, what):
    """Return the one number after a pattern; of a service, how long it may stop."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file == COMPOSE:
        return int(yaml.safe_load(text)["services"][what]["stop_grace_period"][:-1])
    (found,) = re.findall(rf"{what}(\d+)", text, re.MULTILINE)
    return int(found)


@pytest.mark.parametrize(("parts", "longer"), ORDERS.values(), ids=ORDERS)
def test_the_first_limit_is_shorter_than_the_second(parts, longer):
    shorter = sum(part if isinstance(part, int) else seconds(*part) for part in parts)
    assert shorter < seconds(*longer)
