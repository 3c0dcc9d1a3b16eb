"""Breaks one thing after the other, and waits each time until its alert fires."""

import time

from lab.monitoring.environment import Environment
from lab.monitoring.load import LOANS, Load, crowd
from lab.monitoring.prometheus import Prometheus
from tools.polling import wait_until

READERS = 6
# Seconds that a reader has to wait for an answer that is slow.
SLOW = 2.5


def not_tried(env: Environment) -> dict[str, str]:
    """Return {alert: why no fault makes it fire}: promtool's tests alone do."""
    reasons = {"MemoryShort": "it would take all of this machine's memory"}
    if not env.host.disk:
        reasons["DiskFilling"] = "to mount a disk takes root and a loop device"
    return reasons


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


def neglected(env: Environment) -> list[str]:
    """Make no backup for a night, and fill the disk, if there is one to fill."""
    env.host.back_up(hours_ago=27)
    alerts = [until_fired(env.prometheus, "BackupOld")]
    if env.host.disk:
        env.host.fill_disk()
        where = f',mountpoint="{env.host.mounted_at}"'
        alerts.append(until_fired(env.prometheus, "DiskFilling", where))
    return alerts


def stopped(env: Environment) -> list[str]:
    """Stop the API and the site."""
    env.site.close()
    env.api.close()
    return [until_fired(env.prometheus, each) for each in ("SiteDown", "TargetDown")]


def fired(prometheus: Prometheus, alert: str, labels: str = "") -> bool:
    """Return whether an alert fires, or has fired before, `labels` among its own."""
    seen = f'ALERTS{{alertname="{alert}",alertstate="firing"{labels}}}'
    return bool(prometheus.ask(f"last_over_time({seen}[15m])"))


def until_fired(prometheus: Prometheus, alert: str, labels: str = "") -> str:
    """Wait until an alert with these labels has fired; return it."""
    wait_until(lambda: fired(prometheus, alert, labels), f"the alert {alert}")
    return alert


def _in_flight(prometheus: Prometheus) -> int:
    found = prometheus.ask("sum(http_server_active_requests)")
    return int(float(found[0]["value"][1])) if found else 0
