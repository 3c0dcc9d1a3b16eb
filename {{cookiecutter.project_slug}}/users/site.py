"""The admin site, with the API's limit on logins."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from rest_framework.throttling import ScopedRateThrottle

from common.errors import too_many_requests


class LibrarySite(AdminSite):
    """Django's admin site. A login here counts as one at /auth/login."""

    throttle_scope = "login"

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form or log in; answer 429 to too many tries."""
        throttle = ScopedRateThrottle()
        # It takes the address from the request and the scope from the view: neither has
        # to be REST framework's.
        if request.method == "POST" and not throttle.allow_request(
            request, self  # type: ignore[arg-type]
        ):
            return too_many_requests(throttle.wait())
        return super().login(request, extra_context)
