"""`manage.py make_librarian EMAIL`: the first librarian, and each one after."""

from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from users import services
from users.models import User
from users.serializers import RegistrationSerializer


class Command(BaseCommand):
    """Makes a reader a librarian. For a new address it asks for a password."""

    help = "Make the reader with this address a librarian, or a new account."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an address."""
        parser.add_argument("email")

    def handle(self, *, email: str, **options: Any) -> None:
        """Find or register the reader, and let them keep the catalogue."""
        try:
            user = User.objects.get_by_natural_key(email)
        except User.DoesNotExist:
            user = _registered(email)
        user.is_staff = True
        user.save(update_fields=["is_staff"])
        self.stdout.write(f"{user.email} is a librarian.")


def _registered(email: str) -> User:
    """Return a new reader, named as the address. Raises CommandError."""
    password = getpass(f"Password for {email}: ")
    if getpass("The same again: ") != password:
        raise CommandError("the two passwords differ; nothing was made")
    given = RegistrationSerializer(
        data={"email": email, "username": email, "password": password}
    )
    if not given.is_valid():
        name, (problem, *_) = next(iter(given.errors.items()))
        raise CommandError(f"{name}: {problem}")
    return services.register(**given.validated_data)
