"""Access: which readers may get a cached answer, decided without the database.

A reader who was deactivated a moment ago must not get a cached answer. But if each hit
asked the database, there would be no use in a cache. So what the database knows about a
reader (a *fingerprint*) is an entry, too. It is read in the same round trip as the
answer, and every write to the reader invalidates it.
"""

from typing import Any, NamedTuple, Protocol

from django.utils.module_loading import import_string

from caching.conf import conf, once_per_settings
from caching.entries import Entry
from caching.reads import CacheSpec, Found, Uncacheable, get_or_compute


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

    def credential(self, authorization: str) -> Credential | None:
        """Return the credential in an Authorization header, or None.

        It is checked without the database.
        """

    def fingerprint(self, credential: Credential) -> bytes | None:
        """Return the subject's fingerprint from the database; None if it has none."""

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
