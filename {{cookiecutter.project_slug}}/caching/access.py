"""Who may read what is cached, decided in the same round trip.

A cached answer must not be served to a reader who was deactivated a moment ago, and
asking the database for every hit would make the cache pointless. So what the database
says of a reader, a *fingerprint*, is itself an entry, and a write to the reader renews
its stamp.
"""

from typing import NamedTuple, Protocol

from django.http import HttpRequest
from django.utils.module_loading import import_string

from caching.conf import conf, once_per_settings
from caching.reads import CacheSpec


class Credential(NamedTuple):
    """Who a request says its sender is, and how it proves that.

    It is good while `fingerprint` equals the one in the entry of `spec`.
    """

    subject: str
    fingerprint: bytes
    spec: CacheSpec


class Access(Protocol):
    """What `CACHING["access"]` names a class of."""

    def credential(self, request: HttpRequest) -> Credential | None:
        """Return the request's credential, checked without the database, or None."""

    def fingerprint(self, credential: Credential) -> bytes | None:
        """Return the subject's fingerprint, from the database; None for nobody."""


@once_per_settings
def get_access() -> Access:
    """Return the one Access of this process."""
    made: Access = import_string(conf().access)()
    return made
