"""Breaks one thing after the other, and waits each time until its alert fires."""

import time

from lab.monitoring.environment import Environment
from lab.monitoring.load import LOANS, Load, crowd
from lab.monitoring.prometheus import Prometheus
from tools.polling import wait_until

# No disk is filled here, and no memory: promtool's tests alone make these fire.
NOT_TRIED = ("DiskFilling", "MemoryShort")
READERS = 6
# Seconds that a reader has to wait for an answer that is slow.
SLOW = 2.5


def stampede(env: Environment, load: Load) -> list[str]:
    """Let a crowd wait for one answer; return the alert that its waiting sets off."""
    idle = _in_flight(env.prometheus)
    load.write()
    with env.database.books_locked():
        threads = crowd(load, READERS)
        everybody = idle + READERS
        wait_until(lambda: _in_flight(env.prometheus) >= everybody, "the crowd")
        time.sleep(SLOW)
    for thread in threads:
        thread.join()
    load.provoked["waited"] += READERS - 1
    return [until_fired(env.prometheus, "SlowAnswers")]


def database_away(env: Environment, load: Load) -> list[str]:
    """Take the database away, under load."""
    with env.database.away():
        while not fired(env.prometheus, "ServerErrors"):
            load.ask("GET", "/loans", LOANS)
    return ["ServerErrors"]


def redis_away(env: Environment, load: Load) -> list[str]:
    """Kill Redis while readers read and the librarian writes."""
    alerts = ["HitRatioFell", "InvalidationsPending"]
    env.redis.process.kill()
    load.write()
    while not all(fired(env.prometheus, each) for each in alerts):
        load.read(2)
    return alerts


def stopped(env: Environment) -> list[str]:
    """Stop the API and the site."""
    env.site.close()
    env.api.close()
    return [until_fired(env.prometheus, each) for each in ("SiteDown", "TargetDown")]


def fired(prometheus: Prometheus, alert: str) -> bool:
    """Return whether an alert fires, or has fired before."""
    seen = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    return bool(prometheus.ask(f"last_over_time({seen}[15m])"))


def until_fired(prometheus: Prometheus, alert: str) -> str:
    """Wait until an alert has fired; return it."""
    wait_until(lambda: fired(prometheus, alert), f"the alert {alert}")
    return alert


def _in_flight(prometheus: Prometheus) -> int:
    found = prometheus.ask("sum(http_server_active_requests)")
    return int(float(found[0]["value"][1])) if found else 0
