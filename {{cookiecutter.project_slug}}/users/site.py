"""The admin site, with the API's limit on logins."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from rest_framework.throttling import ScopedRateThrottle

from common.admin import DeletionsRecorded
from common.errors import too_many_requests


class LibrarySite(AdminSite):
    """Django's admin site. A login here counts towards the limit of /auth/login."""

    throttle_scope = "login"

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Show a model in the site; what is done to it here is recorded."""
        shown = admin_class or ModelAdmin
        recorded = type(shown.__name__, (DeletionsRecorded, shown), {})
        super().register(model_or_iterable, recorded, **options)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form, or log in; answer 429 after too many tries."""
        throttle = ScopedRateThrottle()
        # The throttle reads the address of the request and the scope of the view. Any
        # request and any object with `throttle_scope` will do.
        if request.method == "POST" and not throttle.allow_request(
            request, self  # type: ignore[arg-type]
        ):
            return too_many_requests(throttle.wait())
        return super().login(request, extra_context)
