"""The machine that the benchmarks run on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import psycopg
import redis

PACKAGES = "django djangorestframework gunicorn redis django-redis psycopg".split()
PACKAGES += ["django-cacheops", "django-cachalot"]


def load():
    """Return the load average of the last minute, as text."""
    return f"{os.getloadavg()[0]:.1f}"


def describe(environment):
    """Return {property: value}, without any name or address."""
    with psycopg.connect(environment.postgres_url) as connection:
        [postgres] = connection.execute("SHOW server_version").fetchone()
    with redis.Redis.from_url(environment.redis_url) as client:
        redis_version = client.info("server")["redis_version"]
    found = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "PostgreSQL": postgres.partition(" ")[0],
        "Redis": redis_version,
    }
    return found | {name: _version(name) for name in PACKAGES if _version(name)}


def _processor():
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return (names[0] if names else platform.processor()).strip() or platform.machine()


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None
