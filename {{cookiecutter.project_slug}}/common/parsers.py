"""Parses request bodies."""

import re
from collections.abc import Mapping
from io import BytesIO
from itertools import accumulate
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 20
# A bracket in a string nests nothing. The closing quote may be missing: so the pattern
# matches at every quote, and each byte is looked at once.
STRING = re.compile(rb'"(?:[^"\\]+|\\.)*"?', re.DOTALL)
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class NestingSafeJSONParser(JSONParser):
    """Parses JSON. Refuses one that is nested too deeply, before it is parsed."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the parsed body. Raises ParseError (400)."""
        body = stream.read()
        if depth(body) > MAX_DEPTH:
            raise ParseError(f"JSON parse error - nested deeper than {MAX_DEPTH}")
        return super().parse(BytesIO(body), media_type, parser_context)


def depth(json: bytes) -> int:
    """Return how deep arrays and objects are nested in a JSON document.

    Of what is no JSON, return some number.
    """
    brackets = STRING.sub(b"", json).translate(None, NO_BRACKETS)
    return max(accumulate(STEPS[byte] for byte in brackets), default=0)
