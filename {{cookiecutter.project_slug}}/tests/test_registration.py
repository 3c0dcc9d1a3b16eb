"""POST /users"""

import pytest

from tests.clients import Client, errors_of
from tests.crowd import all_at_once
from users.models import User

PATH = "/users"
NEW = {
    "email": "new@example.com",
    "username": "newcomer",
    "password": "a long unlikely phrase",
}


def test_it_registers_a_reader(nobody):
    response = nobody.post(PATH, NEW)
    user = User.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "user_id": user.pk,
        "email": "new@example.com",
        "username": "newcomer",
    }
    assert not user.is_staff


def test_nobody_registers_as_a_librarian(nobody):
    nobody.post(PATH, NEW | {"is_staff": True, "is_superuser": True})
    assert not User.objects.get().is_staff


def test_it_ignores_a_bad_token(nobody):
    nobody.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert nobody.post(PATH, NEW).status_code == 201


@pytest.mark.parametrize("field", ["email", "username", "password"])
def test_it_names_a_missing_field(nobody, field):
    body = {name: value for name, value in NEW.items() if name != field}
    response = nobody.post(PATH, body)
    assert response.status_code == 400
    assert errors_of(response) == {field: "required"}


@pytest.mark.parametrize(
    "password", ["short1!", "password123", "8675309000000", "newcomer1"]
)
def test_it_refuses_a_weak_password(nobody, password):
    response = nobody.post(PATH, NEW | {"password": password})
    assert response.status_code == 400
    assert set(errors_of(response)) == {"password"}


@pytest.mark.parametrize("email", ["", "not an address", "a@b", "x" * 250 + "@e.com"])
def test_it_refuses_a_bad_address(nobody, email):
    response = nobody.post(PATH, NEW | {"email": email})
    assert response.status_code == 400
    assert set(errors_of(response)) == {"email"}


def test_it_refuses_a_taken_address_whatever_its_case(nobody):
    nobody.post(PATH, NEW)
    again = NEW | {"email": "NEW@Example.com", "username": "somebody"}
    response = nobody.post(PATH, again)
    assert response.status_code == 400
    assert errors_of(response) == {"email": "unique"}


# The second is the same in full-width letters, as East Asian keyboards have.
@pytest.mark.parametrize("name", ["newcomer", "ｎｅｗｃｏｍｅｒ"])
def test_it_refuses_a_taken_name(nobody, name):
    nobody.post(PATH, NEW)
    again = NEW | {"email": "other@example.com", "username": name}
    response = nobody.post(PATH, again)
    assert response.status_code == 400
    assert errors_of(response) == {"username": "unique"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        # One character that is stored as eighteen, and one that is two in lower case.
        ("username", "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 9),
        (
            "email",
            "a@" + ".".join(["\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}" * 60] * 4),
        ),
    ],
)
def test_a_text_that_is_stored_longer_is_measured_so(nobody, field, value):
    response = nobody.post(PATH, NEW | {field: value})
    assert response.status_code == 400
    assert field in errors_of(response)


def test_it_answers_with_what_is_stored(nobody):
    sent = NEW | {"email": "New@Example.com", "username": "ｎｅｗ"}
    response = nobody.post(PATH, sent)
    user = User.objects.get()
    assert response.json()["username"] == user.username == "new"
    assert response.json()["email"] == user.email == "new@example.com"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_with_one_address_one_is_registered(settings):
    def register(number):
        body = NEW | {"username": f"newcomer{number}"}
        return lambda: Client().post(PATH, body).status_code

    statuses = all_at_once([register(number) for number in range(10)])
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 400, 409}
    assert User.objects.count() == 1
