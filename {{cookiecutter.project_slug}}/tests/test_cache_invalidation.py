"""Every way to write invalidates the answers that show it, and no others."""

import os
import socket
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.test import Client as DjangoClient
from django.urls import reverse

from books.models import Book, Tag
from caching.ops.metrics import OVERDUE
from caching.writes import changing
from loans.models import Loan
from tests.caches import empty, invalidate, result_of
from tests.clients import Client
from tests.crowd import all_at_once
from tests.factories import (
    PASSWORD,
    BookFactory,
    LoanFactory,
    TagFactory,
    UserFactory,
)
from tools.polling import wait_until
from users.models import User


@pytest.fixture
def library(store, transactional_db):
    """Two books with a tag each, and everything about them read once."""

    class Library:
        tag, other_tag = TagFactory(), TagFactory()
        book = BookFactory(tags=[tag])
        other = BookFactory(tags=[other_tag])

    return Library


@pytest.fixture
def reads(library, reader):
    """Return a function that says which of the reads are still hits."""
    paths = {
        "list": "/books",
        "page": "/books?page_size=1",
        "by title": f"/books?title={library.other.title}",
        "by tag": f"/books?tag={library.other_tag.pk}",
        "book": f"/books/{library.book.pk}",
        "other book": f"/books/{library.other.pk}",
        "tags of book": f"/books/{library.book.pk}/tags",
        "tags": "/tags",
        "tag": f"/tags/{library.tag.pk}",
        "other tag": f"/tags/{library.other_tag.pk}",
    }

    def read_all():
        return {name: reader.get(path) for name, path in paths.items()}

    def hits(answers):
        return {name for name, answer in answers.items() if result_of(answer) == "HIT"}

    def still_hits():
        answers = read_all()
        with transaction.atomic():
            for name, answer in answers.items():
                fresh = reader.get(paths[name])
                assert result_of(fresh) != "HIT"
                assert answer.content == fresh.content, name
        return hits(answers)

    read_all()
    assert hits(read_all()) == set(paths)
    return still_hits


ALL_TAGS = {"tags", "tag", "other tag"}
# They show the other book alone.
PAGES = {"page", "by title", "by tag"}
OF_BOOKS = {"list", "book", "other book", "tags of book"} | PAGES


def update_book(library, librarian):
    librarian.patch(f"/books/{library.book.pk}", {"title": "New"})


def add_book(library, librarian):
    sent = {"isbn": "9788937460449", "title": "New", "author": "A", "stock": 1}
    sent |= {"published_at": "2020-01-01", "tags": []}
    assert librarian.post("/books", sent).status_code == 201


def delete_other_book(library, librarian):
    assert librarian.delete(f"/books/{library.other.pk}").status_code == 204


def link_tag(library, librarian):
    sent = {"tags": [library.tag.pk, library.other_tag.pk]}
    librarian.patch(f"/books/{library.book.pk}", sent)


def borrow(library, librarian):
    librarian.post("/loans", {"book_id": library.book.pk})


def rename_tag(library, librarian):
    librarian.put(f"/tags/{library.tag.pk}", {"name": "New"})


def delete_tag(library, librarian):
    librarian.delete(f"/tags/{library.tag.pk}")


def add_tag(library, librarian):
    librarian.post("/tags", {"name": "New"})


# The reads that a write does not invalidate.
WRITES = [
    (update_book, {"other book", "page", "by tag"} | ALL_TAGS),
    (add_book, {"book", "other book", "tags of book"} | ALL_TAGS),
    (delete_other_book, {"book", "tags of book"} | ALL_TAGS),
    (link_tag, {"other book", "page", "by title"} | ALL_TAGS),
    (borrow, {"other book"} | PAGES | ALL_TAGS),
    (rename_tag, {"other tag"}),
    (delete_tag, {"other tag"}),
    (add_tag, {"tag", "other tag"}),
]


@pytest.mark.parametrize(
    ("write", "hits"), WRITES, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_write_through_the_api(library, reads, reader, librarian, write, hits):
    write(library, librarian)
    if write is delete_other_book:
        assert reader.get(f"/books/{library.other.pk}").status_code == 404
        BookFactory(pk=library.other.pk)
        reads()
        assert "book" in reads()
        return
    if write is delete_tag:
        assert reader.get(f"/tags/{library.tag.pk}").status_code == 404
        assert reader.get(f"/books/{library.book.pk}").json()["tags"] == []
        return
    assert reads() == hits
    assert reads() == OF_BOOKS | ALL_TAGS


def test_returning_a_loan(library, reads, reader):
    reader.post("/loans", {"book_id": library.book.pk})
    reads()
    assert "book" in reads()
    loan = Loan.objects.get()
    reader.patch(f"/loans/{loan.pk}", {"is_returned": True})
    assert reads() == {"other book"} | PAGES | ALL_TAGS


class TestTheORM:
    @pytest.mark.parametrize(
        "write",
        [
            lambda lib: Book.objects.filter(pk=lib.book.pk).update(
                stock=F("stock") + 1
            ),
            lambda lib: Book.objects.bulk_update([lib.book], ["title"]),
            lambda lib: Book.objects.bulk_create(
                [BookFactory.build(isbn=lib.book.isbn, title="New")],
                update_conflicts=True,
                unique_fields=["isbn"],
                update_fields=["title"],
            ),
        ],
        ids=["update", "bulk_update", "bulk_create with conflicts"],
    )
    def test_what_may_touch_any_row_touches_all(self, library, reads, write):
        library.book.title = "New"
        write(library)
        assert reads() == ALL_TAGS

    def test_new_rows_leave_the_old_ones_alone(self, library, reads):
        Book.objects.bulk_create([BookFactory.build()])
        assert reads() == {"book", "other book", "tags of book"} | ALL_TAGS

    def test_deleting_a_queryset(self, library, reads, reader):
        Book.objects.filter(pk=library.other.pk).delete()
        assert reader.get(f"/books/{library.other.pk}").status_code == 404
        assert reader.get("/books").json()["count"] == 1

    def test_links_from_the_other_side(self, library, reads):
        library.other_tag.books.add(library.book)
        assert reads() == {"other book", "page", "by title"} | ALL_TAGS
        library.other_tag.books.remove(library.book)
        assert "tags of book" not in reads()
        library.tag.books.clear()
        assert "tags of book" not in reads()

    def test_links_set_and_cleared(self, library, reads):
        library.book.tags.set([library.other_tag])
        assert "tags of book" not in reads()
        library.book.tags.clear()
        assert "tags of book" not in reads()

    def test_get_or_create_and_update_or_create(self, library, reads):
        Tag.objects.get_or_create(name="New")
        assert reads() == {"tag", "other tag"}
        Tag.objects.update_or_create(pk=library.tag.pk, defaults={"name": "Newer"})
        assert "tag" not in reads()

    def test_a_row_saved_by_a_fixture(self, library, reads, tmp_path):
        fixture = tmp_path / "books.json"
        call_command("dumpdata", "books.tag", output=fixture, verbosity=0)
        text = fixture.read_text().replace(library.tag.name, "From a fixture")
        fixture.write_text(text)
        call_command("loaddata", fixture, verbosity=0)
        assert "tag" not in reads()

    def test_a_cascade(self, library, reads, reader):
        LoanFactory(
            book=library.other, is_returned=True, returned_at="2020-01-01T00:00Z"
        )
        library.other.delete()
        assert reader.get(f"/books/{library.other.pk}").status_code == 404


def test_the_admin_site(library, reads, db):
    admin = DjangoClient()
    boss = User.objects.create_superuser("boss", "boss@example.com", PASSWORD)
    admin.force_login(boss)
    path = reverse("admin:books_tag_change", args=[library.tag.pk])
    assert admin.post(path, {"name": "From the admin"}).status_code == 302
    assert "tag" not in reads()


class TestTransactions:
    def test_nothing_is_served_or_kept_while_a_write_is_under_way(
        self, library, reads, store
    ):
        before = store.read([], ["books"])[1]["books"].split(" ")
        with transaction.atomic():
            library.book.save()
            during = store.read([], ["books"])[1]["books"].split(" ")
            assert len(during) == 4 and during[1] != before[1]
        after = store.read([], ["books"])[1]["books"].split(" ")
        assert len(after) == 3
        assert after[1] not in (before[1], during[1])
        assert "book" not in reads()

    def test_it_is_seen_from_other_threads_before_the_commit_and_after(
        self, library, reader
    ):
        def ask():
            [answer] = all_at_once([lambda: reader.get(f"/books/{library.book.pk}")])
            return answer.json()["title"], answer.headers["X-Cache"]

        old = library.book.title
        assert (ask(), ask()) == ((old, "MISS"), (old, "HIT"))
        with transaction.atomic():
            library.book.title = "New"
            library.book.save()
            if connection.vendor == "postgresql":
                assert ask() == (old, "BYPASS; write")
        assert (ask(), ask()) == (("New", "MISS"), ("New", "HIT"))

    def test_a_rolled_back_write_leaves_no_intent(self, library, reads):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            library.book.save()
            raise ZeroDivisionError
        reads()
        assert reads() == OF_BOOKS | ALL_TAGS

    def test_a_failed_write_outside_a_transaction_neither(self, library, reads):
        with pytest.raises(IntegrityError):
            BookFactory(isbn=library.book.isbn)
        reads()
        assert reads() == OF_BOOKS | ALL_TAGS

    def test_a_rolled_back_savepoint_inside_a_committed_transaction(
        self, library, reads
    ):
        with transaction.atomic():
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                library.book.save()
                raise ZeroDivisionError
            library.other.title = "New"
            library.other.save()
        assert "other book" not in reads()
        assert reads() == OF_BOOKS | ALL_TAGS

    def test_a_savepoint_that_was_kept(self, library, reads):
        with transaction.atomic():
            with transaction.atomic():
                library.book.title = "New"
                library.book.save()
        assert "book" not in reads()

    def test_a_conflict_leaves_no_intent(self, library, reads, librarian):
        sent = {"book_id": library.book.pk, "quantity": 99}
        assert librarian.post("/loans", sent).status_code == 409
        reads()
        assert reads() == OF_BOOKS | ALL_TAGS

    def test_a_long_transaction_leaves_another_intent(self, library, store, settings):
        settings.CACHING = settings.CACHING | {"lease": 0.2}
        store = empty()
        with transaction.atomic():
            library.book.save()
            time.sleep(0.15)
            library.other.save()
            intents = store.read([], ["books"])[1]["books"].split(" ")[3:]
        rows = {str(library.book.pk), str(library.other.pk)}
        assert set(intents[-1].split(":")[2].split(",")) == rows

    def test_one_that_outlived_its_intent_is_counted(self, library, settings, caplog):
        settings.CACHING = settings.CACHING | {"lease": 0.1}
        empty()
        before = OVERDUE._value.get()
        with transaction.atomic():
            library.book.save()
            time.sleep(0.15)
        assert OVERDUE._value.get() == before + 1
        assert "took longer than CACHING['lease'] (0.1 s)" in caplog.text

    def test_a_transaction_on_many_rows_is_one_on_any(self, library, store):
        with transaction.atomic():
            for book in BookFactory.build_batch(501):
                book.save()
                book.save()
            intents = store.read([], ["books"])[1]["books"].split(" ")[3:]
        assert any(field.endswith(":*:*") for field in intents)


@pytest.fixture
def slow_commit(db):
    """Let PostgreSQL take a second for each COMMIT of a new title."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;"
            "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON books_book"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION be_slow()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION be_slow CASCADE")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite can't be lost")
def test_a_commit_of_which_nobody_heard(library, reads, reader, request):
    """The connection breaks before the reply; the transaction goes through later."""
    request.getfixturevalue("slow_commit")
    path = f"/books/{library.book.pk}"
    with pytest.raises(OperationalError), transaction.atomic():
        Book.objects.filter(pk=library.book.pk).update(title="Late")
        with socket.socket(fileno=os.dup(connection.connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RD)
    for _ in range(2):
        assert reader.get(path).headers["X-Cache"] == "BYPASS; write"
    wait_until(lambda: Book.objects.filter(title="Late").exists())
    assert reader.get(path).json()["title"] == "Late"


class TestMigrating:
    def test_a_flush_reaches_readers(self, library, reader):
        for _ in range(2):
            listed = reader.get("/books")
        assert (result_of(listed), listed.json()["count"]) == ("HIT", 2)
        call_command("flush", interactive=False, verbosity=0)
        assert Client(UserFactory()).get("/books").json()["count"] == 0

    def test_a_migration_reaches_readers(self, library, reads):
        assert reads() == OF_BOOKS | ALL_TAGS
        call_command("migrate", "books", "0001", verbosity=0)
        # All apps: whatever needs the books' later migrations went with them.
        call_command("migrate", verbosity=0)
        assert reads() == set()

    def test_none_at_all_leaves_them_alone(self, library, reads):
        call_command("migrate", verbosity=0)
        assert reads() == OF_BOOKS | ALL_TAGS


class TestPastTheORM:
    def past_the_orm(self, library):
        with connection.cursor() as cursor:
            statement = "UPDATE books_book SET title = 'Raw' WHERE id = %s"
            cursor.execute(statement, [library.book.pk])

    def test_changing_invalidates_it(self, library, reads):
        with changing("books", [library.book.pk]):
            self.past_the_orm(library)
        assert reads() == {"other book"} | ALL_TAGS

    @pytest.mark.parametrize(
        ("names", "hits"),
        [
            (["books"], ALL_TAGS),
            (["books:{}"], {"other book"} | ALL_TAGS),
            ([], set()),
        ],
    )
    def test_the_command_tells_readers(self, library, reads, names, hits, capsys):
        self.past_the_orm(library)
        names = [name.format(library.book.pk) for name in names]
        invalidate(*names)
        assert reads() == hits
        assert "Invalidated " in capsys.readouterr().out

    def test_the_command_refuses_an_unknown_name(self, library, reads):
        with pytest.raises(
            CommandError, match="'loans' is not cached; accepted: books"
        ):
            call_command("invalidate", "books", "loans")
        assert reads() == OF_BOOKS | ALL_TAGS
