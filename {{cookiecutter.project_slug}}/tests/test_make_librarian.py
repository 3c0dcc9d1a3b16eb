"""manage.py make_librarian"""

import io

import pytest
from django.core.management import CommandError, call_command

from users.management.commands import make_librarian
from users.models import User

pytestmark = pytest.mark.django_db

EMAIL = "mina@example.com"
PASSWORD = "Quiet-shelf-42"


def make(email, monkeypatch, *typed):
    """Run the command and type these lines; gives its output."""
    lines = list(typed)
    monkeypatch.setattr(make_librarian, "getpass", lambda prompt: lines.pop(0))
    output = io.StringIO()
    call_command("make_librarian", email, stdout=output)
    assert not lines, "it did not ask"
    return output.getvalue()


def test_a_new_address_becomes_a_librarian_with_the_password_typed(monkeypatch):
    said = make("Mina@example.com", monkeypatch, PASSWORD, PASSWORD)
    assert said == f"{EMAIL} is a librarian.\n"
    librarian = User.objects.get(email=EMAIL)
    assert librarian.is_staff and not librarian.is_superuser
    assert librarian.check_password(PASSWORD)


def test_a_reader_becomes_one_without_a_question(monkeypatch):
    reader = User.objects.create_user("mina", EMAIL, PASSWORD)
    for _ in range(2):
        make("MINA@example.com", monkeypatch)
    reader.refresh_from_db()
    assert reader.is_staff and reader.username == "mina"
    assert reader.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("email", "typed", "problem"),
    [
        (EMAIL, (PASSWORD, "other"), "the two passwords differ"),
        (EMAIL, ("short", "short"), "password: "),
        ("mina", (PASSWORD, PASSWORD), "email: "),
    ],
)
def test_what_no_reader_may_have_makes_no_librarian(email, typed, problem, monkeypatch):
    with pytest.raises(CommandError, match=problem):
        make(email, monkeypatch, *typed)
    assert not User.objects.exists()
