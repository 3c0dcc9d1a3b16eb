"""Describes errors, headers, and query parameters in the OpenAPI document."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from common.permissions import IsLibrarian

Headers = dict[str, dict[str, Any]]

TEXT, SECONDS = {"type": "string"}, {"type": "integer"}
# The headers of an answer, by its status.
HEADERS: dict[str, Headers] = {
    "401": {"WWW-Authenticate": TEXT},
    "429": {"Retry-After": SECONDS},
    "503": {"Retry-After": SECONDS},
}
OF_CACHED_READS: dict[str, Headers] = {
    "200": {"ETag": TEXT, "X-Cache": {"enum": ["HIT", "MISS", "BYPASS"]} | TEXT},
    "304": {"ETag": TEXT},
}


class ErrorItemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorSerializer(serializers.Serializer[Any]):
    """The one shape of every error."""

    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    # REST framework moves fields out of the class, so this one does not replace the
    # property `errors` of every serializer.
    errors = ErrorItemSerializer(many=True)  # type: ignore[assignment]


class Schema(AutoSchema):
    """Adds to each operation the errors that it can answer with."""

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters of a list, from its query serializer."""
        serializer = getattr(self.view, "query_serializer_class", None)
        return [serializer] if serializer and self.method == "GET" else []

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status in self._error_statuses():
            code = str(status)
            if code not in bodies:
                bodies[code] = self._get_response_for_code(ErrorSerializer, code)
        headers = HEADERS
        if hasattr(self.view, "cached") and self.method == "GET":
            bodies["304"] = {"description": "Not changed since that ETag"}
            headers = HEADERS | OF_CACHED_READS
        for code in headers.keys() & bodies.keys():
            shown = {n: _header(schema) for n, schema in headers[code].items()}
            bodies[code].setdefault("headers", {}).update(shown)
        return dict(sorted(bodies.items()))

    def _error_statuses(self) -> list[int]:
        view, writes = self.view, self.method in ("POST", "PUT", "PATCH")
        permissions = view.get_permissions()
        lists = hasattr(view, "query_serializer_class") and self.method == "GET"
        rules = {
            400: writes or lists,
            401: any(not isinstance(rule, AllowAny) for rule in permissions),
            403: any(isinstance(rule, IsLibrarian) for rule in permissions),
            404: lists or "{" in self.path,
            413: writes,
            415: writes,
            429: bool(view.get_throttles()),
            503: True,
        }
        return [status for status, applies in rules.items() if applies]


def leave_defaults_out_of_patches(result: Any, **_: Any) -> Any:
    """Return the document; in a PATCH what is not sent stays, whatever its default is.

    A client that is generated from the document may send each default.
    """
    for name, component in result["components"]["schemas"].items():
        if name.startswith("Patched"):
            for field in component["properties"].values():
                field.pop("default", None)
    return result


def _header(schema: dict[str, Any]) -> dict[str, Any]:
    return {"schema": schema, "required": True}
