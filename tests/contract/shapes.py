"""The shapes of answers: the objects, the list, the error."""

USER = {"user_id", "email", "username"}
TAG = {"tag_id", "name"}
BOOK = {
    "book_id",
    "isbn",
    "title",
    "author",
    "publisher",
    "stock",
    "published_at",
    "tags",
}
LOAN = {
    "loan_id",
    "user_id",
    "book_id",
    "quantity",
    "is_returned",
    "loaned_at",
    "returned_at",
}
PAGE = {"count", "next", "previous", "results"}
ERROR_TYPES = {
    400: {"validation_error", "client_error"},
    500: {"server_error"},
    503: {"server_error"},
}
SECRETS_OF_THE_HOUSE = ("Traceback", "SELECT ", "django.", "sqlite3", "psycopg")


def ok(response, status=200):
    """The JSON of an answer that must have this status."""
    assert response.status_code == status, describe(response)
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


def page(response):
    """The body of a list in the one envelope that every list has."""
    body = ok(response)
    assert set(body) == PAGE
    assert isinstance(body["count"], int)
    assert isinstance(body["results"], list)
    return body


def nothing(response):
    """An answer without content."""
    assert response.status_code == 204, describe(response)
    assert response.content == b""


def error(response, status, names=None):
    """The errors of an answer in the one error shape.

    With `names`, one of them is about that field or parameter.
    """
    assert response.status_code == status, describe(response)
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"type", "errors"}
    assert body["type"] in ERROR_TYPES.get(status, {"client_error"})
    assert body["errors"]
    for each in body["errors"]:
        assert set(each) == {"code", "detail", "attr"}
    assert not [word for word in SECRETS_OF_THE_HOUSE if word in response.text]
    if names is not None:
        assert names in {fields_root(each["attr"]) for each in body["errors"]}, body
    return body["errors"]


def fields_root(attr):
    """`tags.0` is about `tags`."""
    return attr.split(".")[0] if attr else attr


def describe(response):
    request = response.request
    return f"{request.method} {request.url}: {response.status_code} {response.text}"
