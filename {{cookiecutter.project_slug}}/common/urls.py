"""Health and documentation."""

from django.urls import path

from common.views import HealthCheck, SchemaDocument, SwaggerUI

urlpatterns = [
    path("common/health-check", HealthCheck.as_view(), name="health-check"),
    path("schema", SchemaDocument.as_view(), name="schema"),
    path("docs", SwaggerUI.as_view(url_name="schema"), name="docs"),
]
