"""Who may read what is cached, decided in the same round trip.

A cached answer must not be served to a reader who was deactivated a moment ago, and
asking the database for every hit would make the cache pointless. So what the database
says of a reader, a *fingerprint*, is itself an entry, and a write to the reader renews
its stamp.
"""

from typing import Any, NamedTuple, Protocol

from django.utils.module_loading import import_string

from caching.conf import conf, once_per_settings
from caching.entries import Entry
from caching.reads import CacheSpec, Found, Uncacheable, get_or_compute


class Credential(NamedTuple):
    """Who a request says its sender is, and how it proves that.

    It is good while `fingerprint` equals the one in the entry of `spec`.
    """

    subject: str
    fingerprint: bytes
    spec: CacheSpec


class Access(Protocol):
    """What `CACHING["access"]` names a class of."""

    def credential(self, authorization: str) -> Credential | None:
        """Return the credential in an Authorization header, or None.

        It is checked without the database.
        """

    def fingerprint(self, credential: Credential) -> bytes | None:
        """Return the subject's fingerprint, from the database; None for nobody."""

    def reader(self, credential: Credential) -> Any:
        """Return who the subject is, as `request.user` in a view."""


@once_per_settings
def get_access() -> Access:
    """Return the one Access of this process."""
    made: Access = import_string(conf().access)()
    return made


def lets_in(credential: Credential, found: Found) -> bool:
    """Return whether a credential is good, by what was found of its fingerprint.

    Asks the database if nothing was found. Raises DatabaseError.
    """

    def compute() -> Entry:
        fingerprint = get_access().fingerprint(credential)
        if not fingerprint:
            raise Uncacheable
        return Entry.build(fingerprint)

    try:
        entry = get_or_compute(credential.spec, found, compute).entry
    except Uncacheable:
        return False
    return entry.payload == credential.fingerprint
