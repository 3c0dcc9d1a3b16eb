"""GET /users, GET /users/{user_id}"""

import pytest

from tests.clients import results_of


def test_a_librarian_lists_the_users(librarian, reader):
    users = results_of(librarian.get("/users"))
    assert users == [
        {"user_id": c.user.pk, "email": c.user.email, "username": c.user.username}
        for c in (librarian, reader)
    ]


def test_a_reader_does_not(reader):
    assert reader.get("/users").status_code == 403


def test_nobody_does_not(nobody):
    assert nobody.get("/users").status_code == 401


def test_readers_see_themselves(reader):
    response = reader.get(f"/users/{reader.user.pk}")
    assert response.status_code == 200
    assert response.json()["email"] == reader.user.email


def test_a_librarian_sees_everybody(librarian, reader):
    assert librarian.get(f"/users/{reader.user.pk}").status_code == 200
    assert librarian.get("/users/999999").status_code == 404


@pytest.mark.parametrize("exists", [True, False])
def test_a_reader_sees_nobody_else_nor_who_exists(reader, other_reader, exists):
    user_id = other_reader.user.pk if exists else 999_999
    assert reader.get(f"/users/{user_id}").status_code == 403


def test_nobody_sees_anybody(nobody, reader):
    assert nobody.get(f"/users/{reader.user.pk}").status_code == 401
