"""What a write changes, serialised and parsed."""

import os
import subprocess
import sys

import pytest
from django.db import DatabaseError, transaction

from books.models import Book
from caching import writes
from caching.stamps import MAX_RECENT, MAX_ROWS, Change, add_change, changes_since
from tests.factories import BookFactory, TagFactory

pytestmark = pytest.mark.once

TEXTS = ["7,8:stock", "7:author,title", "*:*", ":*", "7:*", "*:stock"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_change_is_written_as_it_is_read(text):
    assert str(Change.parse(text)) == text


def test_what_is_read_has_each_row_and_each_field():
    assert Change.parse("7,8:author,stock") == Change.build("78", ["author", "stock"])
    assert Change.parse("*:*") == Change.build(None)
    assert Change.parse(":*") == Change.build(())


def test_two_changes_are_as_much_as_both():
    both = Change.build("7", ["stock"]) | Change.build("8", ["title"])
    assert both == Change.build("78", ["stock", "title"])
    assert both | Change.build("9") == Change.build("789")
    assert both | Change.build(None, ["stock"]) == Change.build(
        None, ["stock", "title"]
    )


def test_many_rows_are_any():
    many = Change.build(range(MAX_ROWS))
    assert many.rows is not None
    assert many | Change.build(["and one"]) == Change.build(None)


def recent(*names, before="t0"):
    """Return recent changes as bytes, of rows with these names, after tokens t1, …"""
    text = b""
    for number, name in enumerate(names, 1):
        text = add_change(text, before, f"t{number}", Change.build([name]))
        before = f"t{number}"
    return text


def test_the_changes_since_a_token():
    text = recent("a", "b", "c")
    assert text == b"t0 t1:a:* t2:b:* t3:c:*"
    found = {token: changes_since(token, "t3", text) for token in ("t0", "t2", "t3")}
    assert found["t0"] == [
        Change.build(["a"]),
        Change.build(["b"]),
        Change.build(["c"]),
    ]
    assert found["t2"] == [Change.build(["c"])]
    assert found["t3"] == []


@pytest.mark.parametrize(
    ("token", "now"), [("t9", "t3"), ("a", "t3"), ("", "t3"), ("t0", "t9")]
)
def test_what_can_not_be_told(token, now):
    assert changes_since(token, now, recent("a", "b", "c")) is None
    assert changes_since(token, now, None) is None


def test_a_gap_is_a_new_beginning():
    assert add_change(b"t0 t1:a:*", "t5", "t6", Change.build("b")) == b"t5 t6:b:*"


def test_old_changes_make_place_for_new_ones():
    text = recent(*(f"row-{number}" for number in range(1000)))
    assert MAX_RECENT - 50 < len(text) <= MAX_RECENT
    assert text.endswith(b"t1000:row-999:*")


NAMES_OF_TWO = """
import os
import django
django.setup()
from caching import writes
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, writes._write.writer.encode())
    os._exit(0)
print(writes._write.writer, os.read(read, 99).decode())
"""


def test_a_forked_process_writes_under_a_name_of_its_own():
    command = [sys.executable, "-c", NAMES_OF_TWO]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    parent, child = said.stdout.split()
    assert parent != child


@pytest.mark.django_db
class TestWhatAnIntentSays:
    """For each way to write: the change that it reports of the table of books."""

    @pytest.fixture
    def intended(self, transactional_db):
        """Return a function that returns the change in a write's intent."""

        def write_and_tell(write):
            with transaction.atomic():
                write()
                return writes._write.changes["books"]

        return write_and_tell

    def test_a_save_of_some_fields(self, intended):
        book = BookFactory()
        change = intended(lambda: book.save(update_fields=["stock", "title"]))
        assert change == Change.build([book.pk], ["stock", "title"])

    def test_a_save_of_all_may_insert(self, intended):
        book = BookFactory()
        assert intended(book.save) == Change.build([book.pk])

    def test_a_save_of_some_fields_brings_nothing_back(self, intended):
        book = BookFactory()
        Book.objects.filter(pk=book.pk).delete()
        with pytest.raises(DatabaseError):
            intended(lambda: book.save(update_fields=["stock"]))

    def test_a_book_loaded_in_part(self, intended):
        book = Book.objects.only("stock").get(pk=BookFactory().pk)
        assert intended(book.save) == Change.build([book.pk], ["stock"])

    def test_an_update(self, intended):
        change = intended(lambda: Book.objects.update(stock=1, author="New"))
        assert change == Change.build(None, ["stock", "author"])

    def test_an_update_of_the_key(self, intended):
        book = BookFactory()
        books = Book.objects.filter(pk=book.pk)
        assert intended(lambda: books.update(id=10**6)) == Change.build(None)

    def test_a_new_row_is_named_once_it_has_an_id(self, intended):
        change = intended(BookFactory)
        assert change == Change.build([Book.objects.get().pk])

    def test_creating_and_deleting(self, intended):
        book = BookFactory()
        assert intended(book.delete).fields is None
        assert intended(BookFactory).fields is None
        books = [BookFactory.build()]
        assert intended(lambda: Book.objects.bulk_create(books)) == Change.build(())

    def test_links(self, intended):
        book, tag = BookFactory(), TagFactory()
        linked = Change.build([book.pk], ["tags"])
        assert intended(lambda: book.tags.add(tag)) == linked
        assert intended(lambda: tag.books.remove(book)) == linked
        assert intended(lambda: tag.books.clear()) == Change.build(None, ["tags"])
