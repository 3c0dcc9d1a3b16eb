"""`manage.py invalidate`: for data that was changed without the ORM."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from caching.stores import Unavailable, is_shared
from caching.watching import watched_tables
from caching.writes import invalidate


class Command(BaseCommand):
    """Renews the stamps of tables or rows. No answer stored before is valid then."""

    help = "Invalidate what is cached of tables (books) or rows (books:42)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take any number of names; none means every table."""
        parser.add_argument("names", nargs="*", metavar="name", help="books, books:42")

    def handle(self, *, names: list[str], **options: Any) -> None:
        """Renew each. If one is unknown, refuse before any is renewed."""
        known = watched_tables()
        wanted = [name.partition(":")[::2] for name in names or known]
        for table, _ in wanted:
            if table not in known:
                raise CommandError(
                    f"{table!r} is not cached; accepted: {', '.join(known)}"
                )
        for table, row in wanted:
            try:
                invalidate(table, (row,) if row else None)
            except Unavailable as error:
                raise CommandError(f"the cache does not answer: {error}") from error
            self.stdout.write(f"Invalidated {table}{':' + row if row else ''}.")
        if not is_shared():
            raise CommandError(
                "a running server was not reached: without REDIS_URL its cache is in "
                "its own memory. Restart it."
            )
