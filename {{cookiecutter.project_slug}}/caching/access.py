"""Access: which readers may get a cached answer, decided without the database.

A reader who was deactivated a moment ago must not get a cached answer. But if each hit
asked the database, there would be no use in a cache. So what the database knows about a
reader (a *fingerprint*) is an entry, too. It is read in the same round trip as the
answer, and every write to the reader invalidates it.
"""

from typing import NamedTuple, Protocol

from django.http import HttpRequest
from django.utils.module_loading import import_string

from caching.conf import conf, once_per_settings
from caching.reads import CacheSpec


class Credential(NamedTuple):
    """Who sent a request, as its token proves it.

    `subject` is the reader's id. The credential is valid as long as its `fingerprint`
    equals the one in the entry of `spec`.
    """

    subject: str
    fingerprint: bytes
    spec: CacheSpec


class Access(Protocol):
    """What the class that `CACHING["access"]` names must do."""

    def credential(self, request: HttpRequest) -> Credential | None:
        """Return the request's credential; None without a valid one. No database."""

    def fingerprint(self, credential: Credential) -> bytes | None:
        """Return the subject's fingerprint from the database; None if it has none."""


@once_per_settings
def get_access() -> Access:
    """Return the one Access of this process."""
    made: Access = import_string(conf().access)()
    return made
