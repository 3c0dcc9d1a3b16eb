"""If-Match: a write happens only over what its sender has read."""

import pytest

from tests.clients import errors_of
from tests.factories import BookFactory, TagFactory

FAILED = {None: "precondition_failed"}


@pytest.fixture(params=["", "gzip"])
def encoding(request):
    return {"HTTP_ACCEPT_ENCODING": request.param}


@pytest.fixture
def book(transactional_db):
    # Large enough to be sent compressed.
    return f"/books/{BookFactory(stock=4, tags=TagFactory.create_batch(40)).pk}"


@pytest.fixture
def tag(transactional_db):
    return f"/tags/{TagFactory().pk}"


def writes(path):
    name = {"title": "New"} if path.startswith("/books") else {"name": "New"}
    method = "patch" if path.startswith("/books") else "put"
    return [(method, name), ("delete", None)]


@pytest.mark.parametrize("kind", ["book", "tag"])
def test_what_was_read_may_be_changed_once(librarian, kind, request, encoding, store):
    path = request.getfixturevalue(kind)
    etag = librarian.get(path, **encoding).headers["ETag"]
    (method, body), _ = writes(path)
    write = getattr(librarian, method)
    assert write(path, body, HTTP_IF_MATCH=etag).status_code == 200
    again = write(path, body, HTTP_IF_MATCH=etag)
    assert again.status_code == 412 and errors_of(again) == FAILED


@pytest.mark.parametrize("kind", ["book", "tag"])
@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("*", 204),
        ("{etag}", 204),
        ('"other", {etag}', 204),
        ('"other"', 412),
        ("W/{etag}", 412),
        ("nonsense", 412),
        ("", 412),
    ],
)
def test_it_is_deleted_only_as_it_was_read(
    librarian, kind, request, condition, status, store
):
    path = request.getfixturevalue(kind)
    etag = librarian.get(path).headers["ETag"]
    response = librarian.delete(path, HTTP_IF_MATCH=condition.format(etag=etag))
    assert response.status_code == status
    assert librarian.get(path).status_code == (404 if status == 204 else 200)


def test_a_loan_in_between_is_not_taken_back(librarian, reader, book, store):
    etag = librarian.get(book).headers["ETag"]
    number = int(book.rpartition("/")[2])
    assert reader.post("/loans", {"book_id": number}).status_code == 201
    seen = librarian.patch(book, {"stock": 4}, HTTP_IF_MATCH=etag)
    assert seen.status_code == 412
    assert librarian.get(book).json()["stock"] == 3


def test_what_is_not_there_is_a_404(librarian, store, transactional_db):
    for path in ("/books/999", "/tags/999"):
        for method, body in writes(path):
            write = getattr(librarian, method)
            assert write(path, body, HTTP_IF_MATCH="*").status_code == 404
