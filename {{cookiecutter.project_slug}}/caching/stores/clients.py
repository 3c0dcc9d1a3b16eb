"""Clients of the cache's Redis for what is not the cache: throttles, a page's notes."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from caching.conf import conf
from caching.stores.breaker import Breaker


def make_client(service: str) -> tuple[redis.Redis, Breaker]:
    """Return a client of the settings' Redis, and a breaker to call it through.

    `service` is what the log calls it. The breaker is not the store's: who observes the
    cache must not change it.
    """
    given = conf()
    client = redis.Redis.from_url(
        given.redis_url,
        socket_timeout=given.timeout,
        socket_connect_timeout=given.timeout,
        # Redis may have closed an idle connection. A timeout is not retried.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
    errors = (redis.RedisError, OSError)
    return client, Breaker(cooldown=given.cooldown, errors=errors, service=service)
