"""Validates request bodies."""

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer


def read_body(
    serializer_class: type[BaseSerializer[Any]], request: Request, **options: Any
) -> dict[str, Any]:
    """Return the request's body as `serializer_class` validates it: a dict by field.

    `options` go to the serializer (`instance`, `partial`). Raises ValidationError
    (400), which names each bad field.
    """
    serializer = serializer_class(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    validated: dict[str, Any] = serializer.validated_data
    return validated
