"""Reads request bodies."""

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class NestingSafeJSONParser(JSONParser):
    """JSON, however deeply nested. Raises ParseError (400)."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return the parsed body."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error
