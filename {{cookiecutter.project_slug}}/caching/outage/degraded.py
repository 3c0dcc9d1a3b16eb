"""How the API goes on while the store is unavailable.

- Reads are answered from the database: `X-Cache: BYPASS; unavailable`. This lasts until
  a moment after the store came back (see stores/breaker.py).
- Writes are done, and their invalidation is pending. With
  `CACHING["writes_need_cache"]` they are refused instead.
- The health check says `degraded`.
"""

from rest_framework.exceptions import APIException

from caching.conf import conf
from caching.stores import Unavailable


class CacheRequired(APIException):
    """The write was refused (503), because the cache could not be invalidated."""

    status_code = 503
    default_detail = "The cache is unreachable, and writes wait for it."
    default_code = "cache_unavailable"
    # Seconds. It becomes the header Retry-After.
    wait = 5


def allow_untold_write(error: Unavailable) -> None:
    """Return if a write may go on although it could leave no intent.

    Raises CacheRequired, from `error`, if it may not.
    """
    if conf().writes_need_cache:
        raise CacheRequired from error
