"""`manage.py seed_library`: fills the library with books to try things out with."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from tqdm import tqdm

from books import sample
from books.models import Book, Tag
from caching.writes import changing

BATCH = 2000


class Command(BaseCommand):
    """Adds the books that are missing. Running it again changes nothing."""

    help = "Fill the library with made-up books. Running it again adds none twice."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the number of books and the seed."""
        parser.add_argument("--books", type=int, default=500, help="default: 500")
        parser.add_argument("--seed", type=int, default=1, help="default: 1")

    def handle(self, *, books: int, seed: int, verbosity: int, **options: Any) -> None:
        """Add the books in batches, each in a transaction of its own."""
        if not 1 <= books <= sample.MAX_BOOKS:
            raise CommandError(f"--books is {books}; accepted: 1 to {sample.MAX_BOOKS}")
        tags = self._tags()
        added = 0
        # disable=None: tqdm draws on a terminal only.
        with tqdm(
            total=books, unit=" books", disable=None if verbosity else True
        ) as bar:
            for first in range(0, books, BATCH):
                numbers = range(first, min(first + BATCH, books))
                added += self._add(numbers, seed, tags)
                bar.update(len(numbers))
        if added:
            self._tell_the_planner()
        if verbosity:
            self.stdout.write(f"{added} books added, {books - added} were there.")

    def _tell_the_planner(self) -> None:
        # A database that believes the table to be empty does not use its indexes. By
        # itself it would notice within minutes.
        with connection.cursor() as cursor:
            for model in (Book, Book.tags.through):
                cursor.execute(f"ANALYZE {model._meta.db_table}")

    def _tags(self) -> dict[str, Tag]:
        names = {name.lower(): name for name in sample.TAGS}
        there = {tag.name.lower(): tag for tag in Tag.objects.all()}
        missing = [Tag(name=name) for low, name in names.items() if low not in there]
        made = Tag.objects.bulk_create(missing)
        there |= {tag.name.lower(): tag for tag in made}
        return {name: there[low] for low, name in names.items()}

    @transaction.atomic
    def _add(self, numbers: range, seed: int, tags: Mapping[str, Tag]) -> int:
        isbns = {sample.isbn(number): number for number in numbers}
        there = Book.objects.filter(isbn__in=isbns).values_list("isbn", flat=True)
        missing = [isbns[isbn] for isbn in isbns.keys() - set(there)]
        missing.sort()
        made = Book.objects.bulk_create(sample.book(n, seed) for n in missing)
        link = Book.tags.through
        # Django sends no signal for links that are made like this.
        with changing("books"):
            link.objects.bulk_create(
                link(book_id=book.pk, tag_id=tags[name].pk)
                for number, book in zip(missing, made, strict=True)
                for name in sample.tag_names(number, seed)
            )
        return len(made)
