"""`manage.py start_over`: resets the library to what each chapter begins with."""

from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from caching.stores import is_shared

THIS_MACHINE = ("", "localhost", "127.0.0.1")
PASSWORD = "Quiet-shelf-42"


class Command(BaseCommand):
    """Empties the database, then adds the sample books and two people."""

    help = "Empty the database, then add 500 books, a librarian and a reader."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to leave the people out."""
        parser.add_argument("--nobody", action="store_true", help="add books only")

    def handle(self, *, nobody: bool, verbosity: int, **options: Any) -> None:
        """Refuse a database on another machine; else reset it and tell the cache."""
        host = connection.settings_dict["HOST"]
        if host not in THIS_MACHINE:
            raise CommandError(
                f"the database is at {host}; only one on this machine is emptied"
            )
        call_command("flush", interactive=False, verbosity=0)
        call_command("seed_library", verbosity=verbosity)
        if not nobody:
            self._add_people(verbosity)
        # `flush` empties tables without the ORM. Where no other process sees what this
        # one invalidates, the command would fail.
        if is_shared():
            call_command("invalidate", stdout=StringIO())

    def _add_people(self, verbosity: int) -> None:
        users = get_user_model().objects
        for name, create in (
            ("librarian", users.create_superuser),
            ("reader", users.create_user),
        ):
            user = create(name, f"{name}@example.com", PASSWORD)
            if verbosity:
                self.stdout.write(f"{user.email}, password {PASSWORD}")
