"""Who may read what is cached, decided in the same round trip.

A cached answer must not be served to a reader who was deactivated a moment ago, and
asking the database for every hit would make the cache pointless. So what the database
says of a reader is itself an entry, and a write to the reader renews its stamp.
"""

from typing import NamedTuple, Protocol

from django.utils.module_loading import import_string

from caching.conf import conf, once_per_settings
from caching.reads import Plan


class Claim(NamedTuple):
    """What a request says of its sender, and where the truth about it is kept."""

    subject: str
    proof: bytes
    plan: Plan


class Gate(Protocol):
    """What `CACHING["gate"]` names a class of."""

    def claim(self, request) -> Claim | None:
        """Return what the request claims, checked without the database, or None."""

    def truth(self, claim) -> bytes | None:
        """Return, from the database, what the proof must equal; None for nobody."""


@once_per_settings
def get_gate():
    """Return the one gate of this process."""
    return import_string(conf().gate)()
