"""Requests at the same moment: one gets the last copy, a return counts once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from .shapes import error, ok, page
from .things import book_fields, new_isbn, unique_word

AT_ONCE = 50


@pytest.fixture
def borrow(reader, other_reader, librarian):
    """A function by which one of three accounts, in turn, borrows a copy of a book."""
    accounts = [reader, other_reader, librarian]
    return lambda number, book: accounts[number % 3].post(
        "/loans", json={"book_id": book["book_id"]}
    )


def at_once(ask):
    """The answers to `ask(number)`, asked by 50 threads that start together."""
    start = Barrier(AT_ONCE)

    def wait_and_ask(number):
        start.wait()
        return ask(number)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(wait_and_ask, range(AT_ONCE)))


def only_one_made_it(answers):
    """The others are refused, by the validation or by the database."""
    counted = statuses(answers)
    return counted[201] == 1 and counted[400] + counted[409] == AT_ONCE - 1


def statuses(answers):
    for answer in answers:
        if answer.status_code >= 400:
            error(answer, answer.status_code)
    return Counter(answer.status_code for answer in answers)


def test_one_of_fifty_gets_the_last_copy(borrow, a_book, stock_of, librarian):
    book = a_book(stock=1)

    answers = at_once(lambda number: borrow(number, book))

    assert statuses(answers) == {201: 1, 409: 49}
    assert stock_of(book) == 0
    assert page(librarian.get(f"/loans/books/{book['book_id']}"))["count"] == 1


def test_thirty_copies_go_to_thirty_of_fifty(borrow, a_book, stock_of):
    book = a_book(stock=30)

    answers = at_once(lambda number: borrow(number, book))

    assert statuses(answers) == {201: 30, 409: 20}
    assert stock_of(book) == 0


def test_a_loan_returned_fifty_times_comes_back_once(reader, a_book, stock_of):
    book = a_book(stock=3)
    loan = ok(reader.post("/loans", json={"book_id": book["book_id"]}), 201)
    path, returned = f"/loans/{loan['loan_id']}", {"is_returned": True}

    answers = at_once(lambda _: reader.patch(path, json=returned))

    assert statuses(answers) == {200: 1, 409: 49}
    assert stock_of(book) == 3


def test_an_isbn_added_fifty_times_is_one_book(librarian):
    isbn, title = new_isbn(), unique_word("once")

    answers = at_once(
        lambda _: librarian.post("/books", json=book_fields(isbn=isbn, title=title))
    )

    assert only_one_made_it(answers)
    assert page(librarian.get(f"/books?title={title}"))["count"] == 1


def test_a_tag_added_fifty_times_is_one_tag(librarian):
    name = unique_word("once")
    spellings = [name, name.upper()]

    answers = at_once(
        lambda n: librarian.post("/tags", json={"name": spellings[n % 2]})
    )

    assert only_one_made_it(answers)


def test_a_refresh_token_used_fifty_times_works_once(a_new_reader):
    token = {"refresh_token": a_new_reader.refresh_token}

    answers = at_once(lambda _: a_new_reader.post("/token/refresh", json=token))

    assert statuses(answers) == {200: 1, 401: 49}
