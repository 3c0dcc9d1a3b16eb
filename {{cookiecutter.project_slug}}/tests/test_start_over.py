"""manage.py start_over"""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from books.models import Book
from tests.caches import invalidate
from tests.clients import Client
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_time_the_library_is_the_same():
    for _ in range(2):
        call_command("start_over", verbosity=0)
        people = User.objects.values_list("pk", "email", "is_staff")
        assert list(people) == [
            (1, "librarian@example.com", True),
            (2, "reader@example.com", False),
        ]
        assert Book.objects.get(pk=500).title == "Broken Kitchens"
        assert Book.objects.count() == 500
        Book.objects.filter(pk=500).update(title="Changed")
        Book.objects.filter(pk=7).delete()


def test_without_people():
    call_command("start_over", nobody=True, verbosity=0)
    assert not User.objects.exists()


def test_no_answer_from_before_is_left(store):
    for _ in range(2):
        call_command("start_over", verbosity=0)
        reader = Client(User.objects.get(pk=2))
        assert reader.get("/tags/1").json()["name"] != "Changed"
        with connection.cursor() as cursor:
            cursor.execute("UPDATE books_tag SET name = 'Changed' WHERE id = 1")
        invalidate()
        assert reader.get("/tags/1").json()["name"] == "Changed"


def test_a_database_elsewhere_is_left_alone(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "HOST", "library.rds.example.com")
    with pytest.raises(CommandError, match="at library.rds.example.com"):
        call_command("start_over")
