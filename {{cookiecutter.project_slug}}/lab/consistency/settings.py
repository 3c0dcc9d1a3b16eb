"""The project's settings, for the consistency test only."""

import os
from datetime import timedelta

from config.settings import *  # noqa: F403
from config.settings import CACHING, INSTALLED_APPS, REDIS_URL, SIMPLE_JWT

INSTALLED_APPS = [*INSTALLED_APPS, "lab.consistency"]
# A long test logs in once.
SIMPLE_JWT = SIMPLE_JWT | {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
# For the seed's strategy. The project itself has no such cache.
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL}
}
ROOT_URLCONF = os.environ.get("CONSISTENCY_URLS", "lab.consistency.urls")
if os.environ.get("CONSISTENCY_PATIENT"):
    # Longer limits, for a busy machine on which events are counted and not timed.
    CACHING = CACHING | {"lock": 30, "wait": 60, "timeout": 2}
