"""What the OpenAPI document says, and whether an answer is so."""

import functools
import gzip
import json
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, FormatChecker

DOCUMENT = Path(__file__).resolve().parent.parent / "REST_API_SPEC.yaml"
HINT = "If the API is right, run `make schema`."
ERROR = {"$ref": "#/components/schemas/Error"}
# What no operation lists: a fault of ours, and a format that nobody writes.
UNLISTED = {406, 500}


@functools.cache
def document():
    """Return the OpenAPI document; its objects have the declared properties alone."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = yaml.load(DOCUMENT.read_text(encoding="utf-8"), loader)
    for schema in found["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return found


@functools.cache
def _paths():
    """Return each path's pattern, and its operations by method."""
    return [
        (re.compile(re.sub(r"\{[^}]*\}", r"[0-9]+", path)), operations)
        for path, operations in document()["paths"].items()
    ]


def operations(path):
    """Return what the document says of a path, by method."""
    for pattern, found in _paths():
        if pattern.fullmatch(path):
            return found
    return {}


@functools.cache
def _validator(schema):
    whole = {**json.loads(schema), "components": document()["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def problem(method, path, response):
    """Return how an answer differs from the document, in a line; "" if it doesn't."""
    status, there = response.status_code, operations(path)
    said = there.get("get" if method == "HEAD" else method.lower(), {})
    statuses = said.get("responses") or {str(405 if there else 404): {}}
    declared = statuses.get(str(status))
    if declared is None and status not in UNLISTED:
        return f"{status} is not declared; declared: {', '.join(statuses)}"
    declared = declared or {"content": {"application/json": {"schema": ERROR}}}
    for name, header in declared.get("headers", {}).items():
        if header.get("required") and name not in response.headers:
            return f"the header {name} is missing"
    return _problem_of_body(declared.get("content"), method, response)


def _problem_of_body(content, method, response):
    if not content or method == "HEAD":
        return "the body is not empty" if response.content else ""
    kind = response.headers.get("Content-Type")
    if kind not in content:
        return f"the media type is {kind}; declared: {', '.join(content)}"
    zipped = response.headers.get("Content-Encoding") == "gzip"
    body = gzip.decompress(response.content) if zipped else response.content
    schema = json.dumps(content[kind]["schema"], sort_keys=True)
    errors = _validator(schema).iter_errors(json.loads(body))
    return "; ".join(f"{error.json_path}: {error.message}" for error in errors)
