"""Limits on requests: of one address, or of any other name (users/attempts.py)."""

from ipaddress import IPv6Address, ip_address
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from common.counters import Rate, get_counters


def take(scope: str, *owner: str) -> float:
    """Count a request of `owner`; return 0, or the seconds until there is room.

    `scope` names a rate in DEFAULT_THROTTLE_RATES.
    """
    rate = Rate.parse(str(api_settings.DEFAULT_THROTTLE_RATES[scope]))
    return get_counters().take(counter_name(scope, *owner), rate)


def counter_name(scope: str, *owner: str) -> str:
    """Return the name of the owner's counter, from which nobody can tell the owner."""
    digest = salted_hmac(scope, "\0".join(owner), algorithm="sha256").hexdigest()
    return f"{scope}:{digest}"


def place_of(request: Request | HttpRequest) -> str:
    """Return where a request comes from: an IPv4 address, or a /64 network of IPv6.

    Every household gets a whole /64, so its last 64 bits say nothing. NUM_PROXIES
    decides which address of X-Forwarded-For counts; without proxies, none does.
    """
    text: str = BaseThrottle().get_ident(request)  # type: ignore[arg-type]
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64)
    return str(address)


class AddressThrottle(BaseThrottle):
    """Limits what one address sends to a view, by the view's `throttle_scope`."""

    waiting = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; return whether it is let through."""
        self.waiting = take(view.throttle_scope, place_of(request))
        return not self.waiting

    def wait(self) -> float:
        """Return the seconds until there is room for the request."""
        return self.waiting
