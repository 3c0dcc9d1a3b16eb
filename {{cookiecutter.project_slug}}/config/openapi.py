"""The OpenAPI document, and the page on which to look at it and try it."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation
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


class SwaggerUI(JSONErrors, SpectacularSwaggerView):
    """Swagger UI for the OpenAPI document. Its files come from this server."""
