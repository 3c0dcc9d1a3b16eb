"""Which store this process uses."""

from caching.conf import conf, once_per_settings
from caching.memory import MemoryStore
from caching.redis import RedisStore

# A row's stamp, in lives of an entry. Without it an entry can't be served, and whoever
# asks for rows that are not there leaves their stamps.
ROW_LIVES = 10


@once_per_settings
def get_store():
    """Return the one store of this process, as the settings say."""
    given = conf()
    if not given.redis_url:
        return MemoryStore(lease=given.lease)
    return RedisStore(
        given.redis_url,
        prefix=given.prefix,
        lease=given.lease,
        row_life=ROW_LIVES * given.ttl,
        timeout=given.timeout,
        cooldown=given.cooldown,
    )
