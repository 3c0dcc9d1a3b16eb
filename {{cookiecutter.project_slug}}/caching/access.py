"""Access: which readers may get a cached answer, decided without the database.

A reader who was deactivated a moment ago must not get a cached answer. But if each hit
asked the database, there would be no use in a cache. So what the database knows about a
reader (a *fingerprint*) is an entry, too. It is read in the same round trip as the
answer, and every write to the reader invalidates it.
"""

from typing import Any, NamedTuple, Protocol

from django.db import DatabaseError, close_old_connections, connection
from django.utils.module_loading import import_string

from caching.conf import conf, once_per_settings
from caching.entries import Entry
from caching.reads import CacheSpec, Found, Hit, Uncacheable, get_or_compute


class Credential(NamedTuple):
    """Who sent a request, as its token proves it.

    `subject` is the reader's id. The credential is valid as long as its `fingerprint`
    equals the one in the entry of `spec`.
    """

    subject: str
    fingerprint: bytes
    spec: CacheSpec

    def own(self, spec: CacheSpec) -> CacheSpec:
        """Return the spec of this subject's own entry of what `spec` names."""
        # What a reader may see can change with the reader.
        depends_on = spec.depends_on + self.spec.depends_on
        return CacheSpec(f"{spec.key}:{self.subject}", depends_on)


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

    Asks the database if nothing was found.
    """
    if isinstance(found, Hit):
        return found.entry.payload == credential.fingerprint
    _close_old_connections()
    try:
        return _fetch_fingerprint(credential, found) == credential.fingerprint
    except (DatabaseError, Uncacheable):
        # Django will meet the same error, and knows how to say it.
        return False
    finally:
        _close_old_connections()


def _fetch_fingerprint(credential: Credential, found: Found) -> bytes:
    def compute() -> Entry:
        fingerprint = get_access().fingerprint(credential)
        if not fingerprint:
            raise Uncacheable
        return Entry.build(fingerprint)

    return get_or_compute(credential.spec, found, compute).entry.payload


def _close_old_connections() -> None:
    # As Django does before and after each of its own requests. This is not one.
    if not connection.in_atomic_block:
        close_old_connections()
