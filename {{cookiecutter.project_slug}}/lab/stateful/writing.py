"""All ways to write, by name. Each takes the machine and two numbers to choose by.

`number` picks the object to change, `other` its new value. If there is no object, an
endpoint answers 404, and the ORM changes nothing.
"""

from datetime import date
from itertools import count

from django.db.models import F

from books.models import Book, Tag
from books.sample import isbn
from lab.stateful.addresses import WORDS, pick
from loans.models import Loan

_fresh = count(10_000)


def a_book(number):
    """Return one of the books, or None."""
    return Book.objects.filter(pk=pick(ids_of(Book), number)).first()


def a_tag(number):
    """Return one of the tags, or None."""
    return Tag.objects.filter(pk=pick(ids_of(Tag), number)).first()


def ids_of(model):
    """Return all ids, in order."""
    return [*model.objects.order_by("pk").values_list("pk", flat=True)]


def body_of_book(number, other):
    """Return what a librarian may send."""
    return {
        "isbn": isbn(next(_fresh)),
        "title": WORDS[number % len(WORDS)],
        "author": "Ada Author",
        "stock": other,
        "published_at": f"202{number % 4}-01-01",
        "tags": ids_of(Tag)[: other % 3],
    }


def unsaved_book(number, other):
    """Return a book that is not in the database yet."""
    body = body_of_book(number, other) | {"published_at": date(2020, 1, 1 + number)}
    del body["tags"]
    return Book(**body)


class Endpoints:
    """Requests of a librarian."""

    def add_book(machine, number, other):
        """Add a book; `number` chooses its title, `other` its stock."""
        send = machine.librarian.post("/books", body_of_book(number, other))
        assert send.status_code == 201

    def replace_book(machine, number, other):
        """Change all fields of a book, the tags among them."""
        path = f"/books/{pick(ids_of(Book), number)}"
        sent = machine.librarian.put(path, body_of_book(other, number))
        assert sent.status_code in (200, 404)

    def retitle_book(machine, number, other):
        """Change the title alone."""
        path = f"/books/{pick(ids_of(Book), number)}"
        machine.librarian.patch(path, {"title": WORDS[other % len(WORDS)]})

    def retag_book(machine, number, other):
        """Change the tags alone: the book's row stays as it is."""
        path = f"/books/{pick(ids_of(Book), number)}"
        machine.librarian.patch(path, {"tags": ids_of(Tag)[other % 3 :]})

    def delete_book(machine, number, other):
        """Delete a book; 409 if it is lent."""
        path = f"/books/{pick(ids_of(Book), number)}"
        assert machine.librarian.delete(path).status_code in (204, 404, 409)

    def add_tag(machine, number, other):
        """Add a tag that no book has."""
        sent = machine.librarian.post("/tags", {"name": f"tag {next(_fresh)}"})
        assert sent.status_code == 201

    def rename_tag(machine, number, other):
        """Rename a tag, which every book with it shows."""
        path = f"/tags/{pick(ids_of(Tag), number)}"
        sent = machine.librarian.put(path, {"name": f"tag {next(_fresh)}"})
        assert sent.status_code in (200, 404)

    def delete_tag(machine, number, other):
        """Delete a tag, and so take it from its books."""
        path = f"/tags/{pick(ids_of(Tag), number)}"
        assert machine.librarian.delete(path).status_code in (204, 404)


class Orm:
    """Writes of a shell, the admin site or a command."""

    def save(machine, number, other):
        """Change a book's title by Model.save()."""
        if book := a_book(number):
            book.title = WORDS[other % len(WORDS)]
            book.save()

    def save_tag(machine, number, other):
        """Rename a tag by Model.save()."""
        if tag := a_tag(number):
            tag.name = f"tag {next(_fresh)}"
            tag.save()

    def create(machine, number, other):
        """Insert a book without tags by Model.save()."""
        unsaved_book(number, other).save()

    def update_or_create(machine, number, other):
        """Rename a tag, or add one if there is none."""
        Tag.objects.update_or_create(
            pk=pick(ids_of(Tag), number) or None,
            defaults={"name": f"tag {next(_fresh)}"},
        )

    def update(machine, number, other):
        """Change the stock of all books of one title by a query."""
        Book.objects.filter(title=WORDS[number % 5]).update(stock=F("stock") + 1)

    def update_tags(machine, number, other):
        """Rename a tag by a query."""
        Tag.objects.filter(pk=pick(ids_of(Tag), number)).update(
            name=f"tag {next(_fresh)}"
        )

    def bulk_create(machine, number, other):
        """Insert two books by one query."""
        Book.objects.bulk_create([unsaved_book(number, other), unsaved_book(other, 1)])

    def bulk_update(machine, number, other):
        """Change the title of the first `number` + 1 books by one query."""
        books = [*Book.objects.order_by("pk")[: 1 + number]]
        for book in books:
            book.title = WORDS[other % len(WORDS)]
        Book.objects.bulk_update(books, ["title"])

    def delete(machine, number, other):
        """Delete all books of one title that are not lent."""
        lent = Loan.objects.filter(is_returned=False).values("book")
        Book.objects.filter(title=WORDS[number % 5]).exclude(pk__in=lent).delete()

    def delete_tags(machine, number, other):
        """Delete a tag by a query."""
        Tag.objects.filter(pk=pick(ids_of(Tag), number)).delete()

    def set_tags(machine, number, other):
        """Replace the tags of a book."""
        if book := a_book(number):
            book.tags.set(ids_of(Tag)[other % 3 :])

    def add_and_remove_tag(machine, number, other):
        """Take a tag from a book that has it, or give it to one that has not."""
        book, tag = a_book(number), a_tag(other)
        if book and tag:
            (book.tags.remove if tag in book.tags.all() else book.tags.add)(tag)

    def clear_tags(machine, number, other):
        """Take all tags from a book."""
        if book := a_book(number):
            book.tags.clear()

    def add_and_remove_book(machine, number, other):
        """Do as add_and_remove_tag, from the tag's side of the relation."""
        book, tag = a_book(number), a_tag(other)
        if book and tag:
            (tag.books.remove if book in tag.books.all() else tag.books.add)(book)

    def set_books(machine, number, other):
        """Replace the books of a tag."""
        if tag := a_tag(number):
            tag.books.set(ids_of(Book)[other % 3 :])

    def clear_books(machine, number, other):
        """Take a tag from all its books."""
        if tag := a_tag(number):
            tag.books.clear()


def names_of(ways):
    """Return the names of the ways to write."""
    return [name for name in vars(ways) if not name.startswith("_")]
