"""The health check: whether this process can serve, and which release it is."""

import logging
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from caching.stores import get_store

logger = logging.getLogger(__name__)


def database_answers() -> bool:
    """Return whether the database answers a query; log the error if it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError as error:
        logger.error("The database is unreachable: %s", error)
        return False


def summary(*, database: bool, cache: bool) -> str:
    """Return `ok`, `degraded` (slower: no cache) or `unavailable` (no database)."""
    if not database:
        return "unavailable"
    return "ok" if cache else "degraded"


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
        database, cache = database_answers(), get_store().ping()
        report = {
            "status": summary(database=database, cache=cache),
            "database": "ok" if database else "unreachable",
            "cache": "ok" if cache else "unreachable",
            "release": settings.RELEASE,
        }
        return Response(report, status=200 if database else 503)
