"""The admin site, with the API's limit on logins."""

from django.contrib.admin import AdminSite
from rest_framework.throttling import ScopedRateThrottle

from common.errors import too_many_requests


class LibrarySite(AdminSite):
    """Django's admin site. A login here counts as one at /auth/login."""

    throttle_scope = "login"

    def login(self, request, extra_context=None):
        """Show the form or log in; answer 429 to too many tries."""
        throttle = ScopedRateThrottle()
        if request.method == "POST" and not throttle.allow_request(request, self):
            return too_many_requests(throttle.wait())
        return super().login(request, extra_context)
