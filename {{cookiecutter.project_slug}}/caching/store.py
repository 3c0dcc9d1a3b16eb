"""Which store this process uses."""

from functools import cache

from django.core.signals import setting_changed

from caching.conf import conf
from caching.memory import MemoryStore
from caching.redis import RedisStore


@cache
def get_store():
    """Return the one store of this process, as the settings say."""
    given = conf()
    if not given.redis_url:
        return MemoryStore(lease=given.lease)
    return RedisStore(
        given.redis_url,
        prefix=given.prefix,
        lease=given.lease,
        timeout=given.timeout,
        cooldown=given.cooldown,
    )


def _forget(*, setting, **kwargs):
    if setting == "CACHING":
        get_store.cache_clear()


setting_changed.connect(_forget)
