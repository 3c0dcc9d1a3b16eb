"""/loans: readers borrow and return; a librarian sees every loan."""

from datetime import datetime

import pytest

from .shapes import LOAN, error, ok, page

NOT_THERE = ["999999999", "0", "9" * 30, "one"]


@pytest.fixture
def a_loan(a_book):
    """A function by which someone borrows a copy; the book can be given."""

    def borrow(person, book=None, **fields):
        book = book or a_book()
        return ok(borrowing(person, book, **fields), 201)

    return borrow


def borrowing(person, book, **fields):
    return person.post("/loans", json={"book_id": book["book_id"]} | fields)


def path_to(loan):
    return f"/loans/{loan['loan_id']}"


def returning(person, loan):
    return person.patch(path_to(loan), json={"is_returned": True})


def loans_seen(person, path="/loans"):
    path += "?page_size=500"
    while path:
        body = page(person.get(path))
        yield from body["results"]
        path = body["next"]


def test_borrowing_gives_the_loan(reader, a_book):
    book = a_book()

    loan = ok(borrowing(reader, book), 201)

    assert set(loan) == LOAN
    assert loan["user_id"] == reader.user_id
    assert loan["book_id"] == book["book_id"]
    assert loan["quantity"] == 1
    assert loan["is_returned"] is False
    assert loan["returned_at"] is None
    assert datetime.fromisoformat(loan["loaned_at"]).tzinfo is not None


@pytest.mark.parametrize("quantity", [1, 2, 5])
def test_borrowing_takes_the_copies_from_the_stock(reader, a_book, stock_of, quantity):
    book = a_book(stock=5)

    loan = ok(borrowing(reader, book, quantity=quantity), 201)

    assert loan["quantity"] == quantity
    assert stock_of(book) == 5 - quantity


@pytest.mark.parametrize("stock, quantity", [(0, 1), (1, 2), (5, 6), (5, 1_000_000)])
def test_too_small_a_stock_is_a_conflict(reader, a_book, stock_of, stock, quantity):
    book = a_book(stock=stock)

    error(borrowing(reader, book, quantity=quantity), 409)

    assert stock_of(book) == stock
    assert page(reader.get(f"/loans/books/{book['book_id']}"))["count"] == 0


def test_a_reader_has_so_many_copies_at_most(services, a_new_reader, a_book):
    most = int(services("sqlite").variables["LOANS_PER_READER"])
    ok(borrowing(a_new_reader, a_book(stock=most), quantity=most), 201)

    error(borrowing(a_new_reader, a_book(stock=1)), 409)


@pytest.mark.parametrize("bad", [0, -1, 1.5, "two", None, 10**30, [1]])
def test_a_bad_quantity_is_refused(reader, a_book, stock_of, bad):
    book = a_book(stock=5)

    error(borrowing(reader, book, quantity=bad), 400, names="quantity")

    assert stock_of(book) == 5


@pytest.mark.parametrize("bad", ["one", None, 1.5, [], {}])
def test_a_bad_book_id_is_refused(reader, bad):
    error(reader.post("/loans", json={"book_id": bad}), 400, names="book_id")


def test_borrowing_needs_a_book(reader):
    error(reader.post("/loans", json={}), 400, names="book_id")


@pytest.mark.parametrize("nobody", [999_999_999, 0, -1, 10**30])
def test_a_book_that_is_not_there_is_not_lent(reader, nobody):
    response = reader.post("/loans", json={"book_id": nobody})

    assert response.status_code in (400, 404)
    error(response, response.status_code)


def test_nobody_borrows_in_another_name(reader, other_reader, a_book):
    loan = ok(borrowing(reader, a_book(), user_id=other_reader.user_id), 201)

    assert loan["user_id"] == reader.user_id


def test_a_loan_is_not_born_returned(reader, a_book, stock_of):
    book = a_book(stock=5)

    loan = ok(borrowing(reader, book, is_returned=True), 201)

    assert loan["is_returned"] is False
    assert stock_of(book) == 4


def test_a_stranger_borrows_and_sees_nothing(stranger, reader, a_book, a_loan):
    book = a_book()
    loan = a_loan(reader, book)

    error(borrowing(stranger, book), 401)
    error(stranger.get("/loans"), 401)
    error(stranger.get(path_to(loan)), 401)
    error(stranger.get(f"/loans/books/{book['book_id']}"), 401)
    error(returning(stranger, loan), 401)


def test_a_reader_lists_their_own_loans(a_new_reader, other_reader, a_loan):
    own = [a_loan(a_new_reader), a_loan(a_new_reader)]
    a_loan(other_reader)

    seen = list(loans_seen(a_new_reader))

    assert sorted(seen, key=lambda loan: loan["loan_id"]) == own
    assert all(set(loan) == LOAN for loan in seen)


def test_a_librarian_lists_everyones_loans(librarian, reader, other_reader, a_loan):
    loans = [a_loan(reader), a_loan(other_reader)]

    seen = list(loans_seen(librarian))

    assert all(loan in seen for loan in loans)


def test_loans_come_in_pages_that_never_overlap(a_new_reader, a_book, a_loan):
    book = a_book(stock=5)
    borrowed = {a_loan(a_new_reader, book)["loan_id"] for _ in range(5)}

    first = page(a_new_reader.get("/loans?page_size=2"))
    second = page(a_new_reader.get(first["next"]))
    third = page(a_new_reader.get(second["next"]))

    pages = [first["results"], second["results"], third["results"]]
    assert [len(each) for each in pages] == [2, 2, 1]
    assert {loan["loan_id"] for each in pages for loan in each} == borrowed
    assert third["next"] is None


@pytest.mark.parametrize("bad", ["page=0", "page=x", "page_size=501", "page_size=0"])
def test_a_bad_page_of_loans_is_named(reader, a_book, bad):
    name = bad.split("=")[0]

    error(reader.get(f"/loans?{bad}"), 400, names=name)
    error(reader.get(f"/loans/books/{a_book()['book_id']}?{bad}"), 400, names=name)


def test_the_owner_and_a_librarian_see_a_loan(reader, librarian, a_loan):
    loan = a_loan(reader)

    assert ok(reader.get(path_to(loan))) == loan
    assert ok(librarian.get(path_to(loan))) == loan


def test_another_readers_loan_is_as_good_as_not_there(reader, other_reader, a_loan):
    loan = a_loan(reader)

    others = other_reader.get(path_to(loan))
    nobodys = other_reader.get("/loans/999999999")

    error(others, 404)
    assert others.content == nobodys.content


def test_returning_brings_the_copies_back(reader, a_book, stock_of):
    book = a_book(stock=5)
    loan = ok(borrowing(reader, book, quantity=3), 201)

    returned = ok(returning(reader, loan))

    assert returned["is_returned"] is True
    assert datetime.fromisoformat(returned["returned_at"]).tzinfo is not None
    changed = {"is_returned", "returned_at"}
    assert {k: v for k, v in returned.items() if k not in changed} == {
        k: v for k, v in loan.items() if k not in changed
    }
    assert ok(reader.get(path_to(loan))) == returned
    assert stock_of(book) == 5


def test_a_second_return_is_a_conflict(reader, a_book, stock_of):
    book = a_book(stock=5)
    loan = ok(borrowing(reader, book, quantity=2), 201)
    returned = ok(returning(reader, loan))

    error(returning(reader, loan), 409)

    assert stock_of(book) == 5
    assert ok(reader.get(path_to(loan))) == returned


def test_a_librarian_returns_any_loan(reader, librarian, a_book, stock_of):
    book = a_book(stock=5)
    loan = ok(borrowing(reader, book), 201)

    assert ok(returning(librarian, loan))["user_id"] == reader.user_id

    assert stock_of(book) == 5


def test_nobody_else_returns_a_loan(reader, other_reader, a_book, stock_of):
    book = a_book(stock=5)
    loan = ok(borrowing(reader, book), 201)

    error(returning(other_reader, loan), 404)

    assert stock_of(book) == 4
    assert ok(reader.get(path_to(loan))) == loan


@pytest.mark.parametrize(
    "fields", [{}, {"is_returned": False}, {"is_returned": None}, {"is_returned": "eh"}]
)
def test_a_loan_can_only_be_returned(reader, a_book, stock_of, fields):
    book = a_book(stock=5)
    loan = ok(borrowing(reader, book), 201)

    error(reader.patch(path_to(loan), json=fields), 400, names="is_returned")

    assert ok(reader.get(path_to(loan))) == loan
    assert stock_of(book) == 4


def test_returning_changes_nothing_else(reader, other_reader, a_book, stock_of):
    book = a_book(stock=5)
    loan = ok(borrowing(reader, book, quantity=2), 201)
    more = {"quantity": 5, "user_id": other_reader.user_id, "book_id": 1}

    returned = ok(reader.patch(path_to(loan), json={"is_returned": True} | more))

    assert returned["quantity"] == 2
    assert returned["user_id"] == reader.user_id
    assert returned["book_id"] == book["book_id"]
    assert stock_of(book) == 5


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("nobody", NOT_THERE)
def test_a_loan_that_is_not_there_is_not_found(reader, method, nobody):
    fields = {"is_returned": True} if method == "PATCH" else None

    error(reader.request(method, f"/loans/{nobody}", json=fields), 404)


def test_the_loans_of_a_book(reader, other_reader, librarian, a_book, a_loan):
    book = a_book()
    own, others = a_loan(reader, book), a_loan(other_reader, book)
    a_loan(reader)
    path = f"/loans/books/{book['book_id']}"

    assert list(loans_seen(reader, path)) == [own]
    assert list(loans_seen(other_reader, path)) == [others]
    seen = list(loans_seen(librarian, path))
    assert sorted(seen, key=lambda loan: loan["loan_id"]) == [own, others]


def test_a_loan_shows_in_the_stock_everywhere_at_once(reader, a_book):
    """The seed left every list as it was before the loan."""
    book = a_book(stock=5)
    listed = f"/books?title={book['title'].replace(' ', '%20')}"
    assert page(reader.get(listed))["results"] == [book]

    loan = ok(borrowing(reader, book, quantity=2), 201)
    assert page(reader.get(listed))["results"] == [book | {"stock": 3}]

    ok(returning(reader, loan))
    assert page(reader.get(listed))["results"] == [book]
