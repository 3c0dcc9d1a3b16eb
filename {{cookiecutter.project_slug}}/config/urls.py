"""Every URL of the project."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from caching.metrics import metrics

api = [
    path("", include("common.urls")),
    path("", include("users.urls")),
    path("", include("books.urls")),
    path("", include("loans.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="docs")),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api)),
    path("metrics", metrics, name="metrics"),
]

handler400 = "common.errors.bad_request"
handler403 = "common.errors.permission_denied"
handler404 = "common.errors.not_found"
handler500 = "common.errors.server_error"
