"""The health check: whether this process can serve, and which release it is."""

import logging
import os
import time
from pathlib import Path
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
from common.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)


OK, READ_ONLY, UNREACHABLE = "ok", "read-only", "unreachable"
# Seconds. A database that took longer than SLOW to fail is not asked for SPARED: checks
# have one thread, and those that waited meanwhile would each wait as long again.
SLOW, SPARED = 1, 3
_unreachable_until = 0.0


def database_state() -> str:
    """Return OK, READ_ONLY, or UNREACHABLE; log the error if it is not OK."""
    global _unreachable_until
    began = time.monotonic()
    if began < _unreachable_until:
        return UNREACHABLE
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                return _sqlite_state(cursor)
            # A standby says so, too.
            cursor.execute("SHOW transaction_read_only")
            return READ_ONLY if cursor.fetchone() == ("on",) else OK
    except DatabaseError as error:
        logger.error("The database is unreachable: %s", error)
        now = time.monotonic()
        if now - began > SLOW:
            _unreachable_until = now + SPARED
        return UNREACHABLE


def _sqlite_state(cursor: Any) -> str:
    cursor.execute("SELECT COUNT(*) FROM sqlite_master")
    cursor.execute("PRAGMA query_only")
    if cursor.fetchone() == (1,):
        return READ_ONLY
    path = Path(connection.settings_dict["NAME"])
    # SQLite writes its journal beside the file.
    places = [path, path.parent] if path.is_file() else []
    return OK if all(os.access(place, os.W_OK) for place in places) else READ_ONLY


def summary(*, database: str, cache: bool) -> str:
    """Return `ok`, `degraded` (slower, or no writes) or `unavailable` (no database)."""
    if database == UNREACHABLE:
        return "unavailable"
    return "ok" if cache and database == OK else "degraded"


class HealthSerializer(serializers.Serializer[Any]):
    """What the health check answers."""

    status = serializers.ChoiceField(["ok", "degraded", "unavailable"])
    database = serializers.ChoiceField([OK, READ_ONLY, UNREACHABLE])
    cache = serializers.ChoiceField([OK, UNREACHABLE])
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
        database, cache = database_state(), get_store().ping()
        report = {
            "status": summary(database=database, cache=cache),
            "database": database,
            "cache": OK if cache else UNREACHABLE,
            "release": settings.RELEASE,
        }
        if database == UNREACHABLE:
            wait = {"Retry-After": str(DatabaseUnavailable.wait)}
            return Response(report, status=503, headers=wait)
        return Response(report)
