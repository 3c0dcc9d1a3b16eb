"""The project's settings, with the strategy that BENCH_STRATEGY names."""

import os
from datetime import timedelta

from config.settings import *  # noqa: F403
from config.settings import (
    CACHING,
    INSTALLED_APPS,
    REDIS_URL,
    SIMPLE_JWT,
)

STRATEGY = os.environ.get("BENCH_STRATEGY", "ours")
TTL = 24 * 3600
ROOT_URLCONF = "lab.benchmarks.urls"
# A long run logs in once.
SIMPLE_JWT = SIMPLE_JWT | {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
# Where the usual strategies keep what they pickle. The project has no such cache.
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL}
}
CACHING = CACHING | {"ttl": TTL}

if STRATEGY != "ours":
    # The models' writes still invalidate, in a cache that nobody reads.
    CACHING = CACHING | {"redis_url": ""}
    WORKER_PROCESSES = 1

if STRATEGY == "cacheops":
    INSTALLED_APPS = [*INSTALLED_APPS, "cacheops"]
    CACHEOPS_REDIS = REDIS_URL
    CACHEOPS = {"books.*": {"ops": "all", "timeout": TTL}}

if STRATEGY == "cachalot":
    INSTALLED_APPS = [*INSTALLED_APPS, "cachalot"]
    CACHALOT_TIMEOUT = TTL
