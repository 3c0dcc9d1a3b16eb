"""/books/{book_id}: everyone reads a book, only librarians write one."""

import pytest

from demo.walk import new_isbn, with_check_digit

from .shapes import BOOK, TAG, error, nothing, ok, page
from .things import book_fields, unique_word

REQUIRED = ["isbn", "title", "author", "stock", "published_at", "tags"]
NOT_THERE = ["999999999", "0", "9" * 30, "one"]
BAD_VALUES = [
    ("isbn", ""),
    ("isbn", None),
    ("isbn", "978"),
    ("isbn", "97800000000000"),
    ("isbn", "9780306406158"),
    ("isbn", "978030640615X"),
    ("isbn", "٩٧٨٠٣٠٦٤٠٦١٥٧"),
    ("isbn", "978030640615\x007"),
    ("title", ""),
    ("title", None),
    ("title", "nul\x00inside"),
    ("title", "t" * 10_000),
    ("title", ["a", "list"]),
    ("author", ""),
    ("author", None),
    ("author", "a" * 10_000),
    ("publisher", "p" * 10_000),
    ("stock", -1),
    ("stock", None),
    ("stock", "many"),
    ("stock", 1.5),
    ("stock", 10**30),
    ("published_at", ""),
    ("published_at", None),
    ("published_at", "yesterday"),
    ("published_at", "2023-02-29"),
    ("tags", "1"),
    ("tags", None),
    ("tags", [999_999_999]),
    ("tags", [10**30]),
    ("tags", ["history"]),
    ("tags", [{"tag_id": 1}]),
]


def path_to(book):
    return f"/books/{book['book_id']}"


def test_a_librarian_adds_a_book(librarian, a_tag):
    tag = a_tag()
    fields = book_fields(tags=[tag["tag_id"]])
    response = librarian.post("/books", json=fields)

    body = ok(response, 201)
    assert set(body) == BOOK
    assert body == fields | {"book_id": body["book_id"], "tags": [tag]}


def test_the_location_leads_to_the_new_book(librarian, reader):
    response = librarian.post("/books", json=book_fields())

    assert ok(reader.get(response.headers["Location"])) == ok(response, 201)


def test_the_publisher_may_be_left_out(librarian):
    response = librarian.post("/books", json=book_fields(publisher=None))

    assert set(ok(response, 201)) == BOOK


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_book_needs_its_fields(librarian, missing):
    fields = book_fields(**{missing: None})

    error(librarian.post("/books", json=fields), 400, names=missing)


@pytest.mark.parametrize("field, bad", BAD_VALUES)
def test_a_bad_value_is_refused_by_every_write(librarian, a_book, field, bad):
    book = a_book()
    fields = book_fields() | {field: bad}

    error(librarian.post("/books", json=fields), 400, names=field)
    error(librarian.put(path_to(book), json=fields), 400, names=field)
    error(librarian.patch(path_to(book), json={field: bad}), 400, names=field)
    assert ok(librarian.get(path_to(book))) == book


@pytest.mark.parametrize("wrong_by", range(1, 10))
def test_every_wrong_check_digit_is_refused(librarian, wrong_by):
    right = new_isbn()
    wrong = right[:12] + str((int(right[12]) + wrong_by) % 10)

    error(librarian.post("/books", json=book_fields(isbn=wrong)), 400, names="isbn")


@pytest.mark.parametrize("isbn", ["978-0-306-40615-7", "0306406152", "97803064 06157"])
def test_an_isbn_is_13_digits(librarian, isbn):
    error(librarian.post("/books", json=book_fields(isbn=isbn)), 400, names="isbn")


def test_a_check_digit_of_zero_is_right(a_book):
    isbn = next(
        isbn
        for isbn in map(with_check_digit, map(str, range(979_100_000_000, 10**12)))
        if isbn.endswith("0")
    )

    assert a_book(isbn=isbn)["isbn"] == isbn


def test_an_isbn_is_unique(librarian, a_book):
    taken, book = a_book(), a_book()

    fields = book_fields(isbn=taken["isbn"])
    error(librarian.post("/books", json=fields), 400, names="isbn")
    error(librarian.put(path_to(book), json=fields), 400, names="isbn")
    error(librarian.patch(path_to(book), json=fields), 400, names="isbn")


def test_a_book_without_copies_is_a_book(a_book):
    assert a_book(stock=0)["stock"] == 0


def test_everyone_with_a_token_reads_a_book(reader, librarian, a_book):
    book = a_book()

    assert ok(reader.get(path_to(book))) == ok(librarian.get(path_to(book))) == book


def test_put_replaces_a_book(librarian, reader, a_book, a_tag):
    book, tag = a_book(tags=[a_tag()["tag_id"]]), a_tag()
    fields = book_fields(tags=[tag["tag_id"]])

    body = ok(librarian.put(path_to(book), json=fields))

    assert body == fields | {"book_id": book["book_id"], "tags": [tag]}
    assert ok(reader.get(path_to(book))) == body


@pytest.mark.parametrize("missing", REQUIRED)
def test_put_needs_every_field(librarian, a_book, missing):
    book = a_book()
    fields = book_fields(**{missing: None})

    error(librarian.put(path_to(book), json=fields), 400, names=missing)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"},
        {"author": "Another author"},
        {"publisher": "Another publisher"},
        {"stock": 77},
        {"published_at": "1999-12-31"},
        {"tags": []},
        {},
    ],
    ids=lambda change: next(iter(change), "nothing"),
)
def test_patch_changes_only_what_it_names(librarian, reader, a_book, a_tag, change):
    book = a_book(tags=[a_tag()["tag_id"]])

    body = ok(librarian.patch(path_to(book), json=change))

    assert body == book | change
    assert ok(reader.get(path_to(book))) == body


def test_a_book_may_keep_its_own_isbn(librarian, a_book):
    book = a_book()

    ok(librarian.patch(path_to(book), json={"isbn": book["isbn"]}))
    ok(librarian.put(path_to(book), json=book_fields(isbn=book["isbn"])))


def test_the_id_of_a_book_is_not_for_writing(librarian, a_book):
    book = a_book()

    body = ok(librarian.patch(path_to(book), json={"book_id": 1}))

    assert body["book_id"] == book["book_id"]


def test_a_deleted_book_is_gone(librarian, reader, a_book):
    book = a_book()

    nothing(librarian.delete(path_to(book)))

    error(reader.get(path_to(book)), 404)
    error(librarian.delete(path_to(book)), 404)


def test_a_book_on_loan_is_not_deleted(librarian, reader, a_book):
    book = a_book()
    ok(reader.post("/loans", json={"book_id": book["book_id"]}), 201)

    error(librarian.delete(path_to(book)), 409)

    ok(reader.get(path_to(book)))


def test_a_book_that_came_back_is_deleted(librarian, reader, a_book):
    book = a_book()
    loan = ok(reader.post("/loans", json={"book_id": book["book_id"]}), 201)
    ok(reader.patch(f"/loans/{loan['loan_id']}", json={"is_returned": True}))

    nothing(librarian.delete(path_to(book)))

    error(reader.get(path_to(book)), 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_reader_changes_no_book(reader, librarian, a_book, method):
    book = a_book()
    fields = None if method == "DELETE" else book_fields()

    error(reader.request(method, path_to(book), json=fields), 403)

    assert ok(librarian.get(path_to(book))) == book


def test_a_reader_adds_no_book(reader):
    title = unique_word()

    error(reader.post("/books", json=book_fields(title=title)), 403)

    assert page(reader.get(f"/books?title={title}"))["count"] == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("nobody", NOT_THERE)
def test_a_book_that_is_not_there_is_not_found(librarian, method, nobody):
    fields = None if method in ("GET", "DELETE") else book_fields()

    error(librarian.request(method, f"/books/{nobody}", json=fields), 404)


def test_the_tags_of_a_book(reader, a_book, a_tag):
    first, second = a_tag(), a_tag()
    book = a_book(tags=[first["tag_id"], second["tag_id"]])

    body = page(reader.get(f"{path_to(book)}/tags"))

    assert body["count"] == 2
    assert all(set(tag) == TAG for tag in body["results"])
    assert by_id(body["results"]) == by_id([first, second]) == by_id(book["tags"])


def test_the_tags_of_a_book_come_in_pages(reader, a_book, a_tag):
    tags = [a_tag() for _ in range(3)]
    book = a_book(tags=[tag["tag_id"] for tag in tags])

    first = page(reader.get(f"{path_to(book)}/tags?page_size=2"))
    rest = page(reader.get(first["next"]))

    assert by_id(first["results"] + rest["results"]) == by_id(tags)


def test_a_book_without_tags_has_none(reader, a_book):
    assert page(reader.get(f"{path_to(a_book())}/tags"))["results"] == []


@pytest.mark.parametrize("nobody", NOT_THERE)
def test_a_book_that_is_not_there_has_no_tags(reader, nobody):
    error(reader.get(f"/books/{nobody}/tags"), 404)


def test_the_same_tag_twice_is_one_tag(librarian, a_tag):
    tag = a_tag()
    response = librarian.post("/books", json=book_fields(tags=[tag["tag_id"]] * 2))

    assert ok(response, 201)["tags"] == [tag]


def test_writing_tags_makes_no_tag(librarian, a_book, a_tag):
    """The seed made a tag named {'tag_id': 1} of what it had shown itself."""
    book, tag = a_book(), a_tag()
    before = page(librarian.get("/tags"))["count"]
    fields = book_fields(tags=[tag])

    error(librarian.put(path_to(book), json=fields), 400, names="tags")

    assert page(librarian.get("/tags"))["count"] == before


def by_id(tags):
    return sorted(tags, key=lambda tag: tag["tag_id"])
