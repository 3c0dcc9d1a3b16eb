"""Endpoints that belong to no app."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import health
from common.renderers import FastJSONRenderer


class JSONErrors(APIView):
    """Base of views that answer in another format: their errors are JSON too."""

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error in the one shape that all errors have."""
        response = super().handle_exception(exc)
        self.request.accepted_renderer = FastJSONRenderer()
        self.request.accepted_media_type = FastJSONRenderer.media_type
        return response


class SchemaDocument(JSONErrors, SpectacularAPIView):
    """The OpenAPI document."""


class SwaggerUI(JSONErrors, SpectacularSwaggerView):
    """The OpenAPI document to look at and try, from this server's own files."""


class HealthSerializer(serializers.Serializer[Any]):
    """What the health check answers."""

    status = serializers.ChoiceField(["ok", "degraded", "unavailable"])
    database = serializers.ChoiceField(["ok", "unreachable"])
    cache = serializers.ChoiceField(["ok", "unreachable"])
    release = serializers.CharField()


class HealthCheck(APIView):
    """Says whether this process can serve, and which release it is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="health_check",
        responses={200: HealthSerializer, 503: HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        """Answer 200, or 503 when the database is unreachable."""
        database, cache = health.database_answers(), health.cache_answers()
        report = {
            "status": health.summary(database=database, cache=cache),
            "database": "ok" if database else "unreachable",
            "cache": "ok" if cache else "unreachable",
            "release": settings.RELEASE,
        }
        return Response(report, status=200 if database else 503)
