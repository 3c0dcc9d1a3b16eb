"""The security log: one line of JSON for each event, and a counter in /metrics."""

import logging
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from prometheus_client import Counter
from rest_framework.request import Request

from common import request_ids
from common.text import fold

# docs/security.md says what each of them means.
EVENTS = (
    "admin_change",
    "failed_admin_login",
    "failed_login",
    "limit_met",
    "logged_out_everywhere",
    "password_changed",
    "refresh_reuse",
    "refused_token",
    "throttled",
)
COUNTED = Counter("library_security_events", "Events in the security log.", ["event"])
# Each is in /metrics from the start, as 0.
COUNTERS = {event: COUNTED.labels(event) for event in EVENTS}

logger = logging.getLogger("library.security")


def record(
    event: str, request: HttpRequest | Request | None = None, **fields: Any
) -> None:
    """Log and count a security event, one of EVENTS. Raises KeyError for another one.

    The line has the id, address, method and path of `request`; by default, of the
    request that this thread answers. `fields` are added: names and numbers, no secrets,
    and of a person only `account()`.
    """
    COUNTERS[event].inc()
    asked = request_ids.current()
    if asked is None and request is not None:
        asked = request_ids.read(request.META)
    about = asked._asdict() if asked else {}
    logger.warning(event, extra={"fields": about | fields})


def account(email: str) -> str:
    """Return what stands for a person's address in the log: 16 hexadecimal digits.

    The same address always gives the same ones, and only SECRET_KEY links them.
    """
    key = salted_hmac("library.account", fold(email), algorithm="sha256")
    return key.hexdigest()[:16]
