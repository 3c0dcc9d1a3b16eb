"""The OpenAPI document, and the page on which to look at it and try it."""

import threading
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.renderers import FastJSONRenderer


class JSONErrors(APIView):
    """Base of views that answer in another format. Their errors are JSON too."""

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error in the one shape that all errors have."""
        response = super().handle_exception(exc)
        self.request.accepted_renderer = FastJSONRenderer()
        self.request.accepted_media_type = FastJSONRenderer.media_type
        return response


class SchemaDocument(JSONErrors, SpectacularAPIView):
    """The OpenAPI document: YAML, or JSON if `format=json` or Accept asks for it."""

    content_negotiation_class = DefaultContentNegotiation

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the document, which is the same for everybody."""
        renderer = request.accepted_renderer
        name = f"{settings.SPECTACULAR_SETTINGS['TITLE']}.{renderer.format}"
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return HttpResponse(_document(renderer), renderer.media_type, headers=headers)


# Making it takes long enough that forty requests at once would keep all threads busy;
# and the generator is not safe for threads.
_documents: dict[str | None, str | bytes] = {}
_generating = threading.Lock()


def _document(renderer: BaseRenderer) -> str | bytes:
    with _generating:
        if renderer.media_type not in _documents:
            schema = SchemaGenerator().get_schema(request=None, public=True)
            document = renderer.render(schema, renderer_context={})
            _documents[renderer.media_type] = document
        return _documents[renderer.media_type]


class SwaggerUI(JSONErrors, SpectacularSwaggerView):
    """Swagger UI for the OpenAPI document. Its files come from this server."""
