"""The admin site, with the API's limits on logins."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import Throttled

from common.admin import DeletionsRecorded
from common.errors import too_many_requests
from common.throttling import place_of, take


class LibrarySite(AdminSite):
    """Django's admin site. A login here counts towards the limits of /auth/login."""

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
        if request.method == "POST" and (wait := take("login", place_of(request))):
            return too_many_requests(wait)
        try:
            return super().login(request, extra_context)
        except Throttled as error:
            return too_many_requests(error.wait)  # type: ignore[attr-defined]
