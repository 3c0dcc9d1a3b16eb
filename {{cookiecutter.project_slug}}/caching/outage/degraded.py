"""How the API goes on while the store is unavailable.

- Reads are answered from the database: `X-Cache: BYPASS; unavailable`. So they are for
  a moment after the store came back (see stores/breaker.py).
- Writes go through, and their invalidation is pending; or they are refused, if
  `CACHING["writes_need_cache"]` says so.
- The health check says `degraded`.
"""

from rest_framework.exceptions import APIException

from caching.conf import conf
from caching.stores import Unavailable


class CacheRequired(APIException):
    """The write was refused (503), because readers could not be told of it."""

    status_code = 503
    default_detail = "The cache is unreachable, and writes wait for it."
    default_code = "cache_unavailable"


def allow_untold_write(error: Unavailable) -> None:
    """Return if a write may go on though the store could not be told of it.

    Raises CacheRequired, from this error, if it may not.
    """
    if conf().writes_need_cache:
        raise CacheRequired from error
