"""Every URL of the project."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from caching.conf import conf
from common.errors import not_found
from config.health import HealthCheck
from config.metrics import metrics
from config.openapi import SchemaDocument, SwaggerUI

api: list[URLPattern | URLResolver] = [
    path("common/health-check", HealthCheck.as_view(), name="health-check"),
    path("", include("users.urls")),
    path("", include("books.urls")),
    path("", include("loans.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = []
if settings.SERVE_DOCS:
    api += [
        path("schema", SchemaDocument.as_view(), name="schema"),
        path("docs", SwaggerUI.as_view(url_name="schema"), name="docs"),
    ]
    urlpatterns.append(path("", RedirectView.as_view(pattern_name="docs")))
if settings.SERVE_ADMIN:
    urlpatterns += [
        path("admin", RedirectView.as_view(pattern_name="admin:index")),
        path("admin/", admin.site.urls),
    ]
if conf().page:
    urlpatterns.append(path("cache", include("caching.page.views")))
urlpatterns += [
    path("api/v1/", include(api)),
    path("metrics", metrics, name="metrics"),
    # With DEBUG on, Django would answer with a page of HTML.
    re_path("^(?:api|admin)(?:/|$)", not_found),
]

handler400 = "common.errors.bad_request"
handler403 = "common.errors.permission_denied"
handler404 = "common.errors.not_found"
handler500 = "common.errors.server_error"
