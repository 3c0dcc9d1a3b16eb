"""Fifty requests at the same moment, for the last copy or for one return."""

import threading
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from books import services
from books.models import Book, Tag
from loans.models import Loan
from tests.clients import Client
from tests.crowd import all_at_once
from tests.factories import BookFactory, LoanFactory, TagFactory, UserFactory

pytestmark = pytest.mark.row_locks
CROWD = 50


@pytest.mark.django_db(transaction=True)
def test_one_of_fifty_readers_gets_the_last_copy():
    book = BookFactory(stock=1)
    clients = [Client(user) for user in UserFactory.create_batch(CROWD)]
    borrow = [
        lambda client=client: client.post("/loans", {"book_id": book.pk}).status_code
        for client in clients
    ]
    assert sorted(all_at_once(borrow, held=book)) == [201] + [409] * (CROWD - 1)
    book.refresh_from_db()
    assert book.stock == 0
    assert Loan.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_fifty_books_borrowed_at_once_a_reader_gets_twenty():
    reader = UserFactory()
    LoanFactory.create_batch(19, user=reader)
    borrow = [
        lambda book=book: Client(reader).post("/loans", {"book_id": book.pk})
        for book in BookFactory.create_batch(CROWD)
    ]
    answers = all_at_once(borrow, held=reader)
    statuses = [response.status_code for response in answers]
    assert sorted(statuses) == [201] + [409] * (CROWD - 1)
    assert Loan.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_one_of_fifty_returns_of_a_loan_brings_the_copy_back():
    loan = LoanFactory(book__stock=0)
    clients = [Client(loan.user) for _ in range(CROWD)]
    path, sent = f"/loans/{loan.pk}", {"is_returned": True}
    give_back = [
        lambda client=client: client.patch(path, sent).status_code for client in clients
    ]
    answers = all_at_once(give_back, held=loan)
    assert sorted(answers) == [200] + [409] * (CROWD - 1)
    assert Book.objects.get().stock == 1


@pytest.mark.django_db(transaction=True)
def test_of_borrowing_and_deleting_at_once_one_happens():
    librarian, reader = UserFactory(is_staff=True), UserFactory()
    for _ in range(10):
        book = BookFactory(stock=1)
        path, sent = f"/books/{book.pk}", {"book_id": book.pk}
        borrowed, deleted = all_at_once(
            [
                partial(Client(reader).post, "/loans", sent),
                partial(Client(librarian).delete, path),
            ]
        )
        statuses = (borrowed.status_code, deleted.status_code)
        assert statuses in [(201, 409), (404, 204)]


@pytest.mark.django_db(transaction=True)
def test_a_tag_that_is_deleted_while_it_is_renamed_stays_deleted():
    tag, found, deleted = TagFactory(), threading.Event(), threading.Event()

    def wait_for_the_deletion(document):
        found.set()
        # With a lock on the tag, the deletion waits for the renaming.
        deleted.wait(timeout=0.5)

    def rename():
        services.rename_tag(
            tag_id=tag.pk, name="New", precondition=wait_for_the_deletion
        )

    def delete():
        assert found.wait(timeout=120)
        services.delete_tag(tag_id=tag.pk)
        deleted.set()

    all_at_once([rename, delete])
    assert not Tag.objects.exists()


@pytest.mark.django_db
def test_the_database_itself_refuses_a_negative_stock():
    book = BookFactory(stock=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Book.objects.filter(pk=book.pk).update(stock=-1)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"quantity": 0}, {"is_returned": True}])
def test_the_database_itself_refuses_an_impossible_loan(change):
    loan = LoanFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Loan.objects.filter(pk=loan.pk).update(**change)
