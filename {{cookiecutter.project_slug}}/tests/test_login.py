"""POST /auth/login"""

import pytest
from django.contrib.auth import hashers

from tests.clients import Client, errors_of
from tests.factories import PASSWORD, UserFactory

PATH = "/auth/login"


@pytest.fixture
def user(db):
    return UserFactory(email="reader@example.com")


def test_it_gives_a_pair_of_tokens(user, nobody):
    response = nobody.post(PATH, {"email": user.email, "password": PASSWORD})
    assert response.status_code == 200
    assert set(response.json()) == {"access_token", "refresh_token"}


def test_the_access_token_opens_the_api(user, nobody):
    tokens = nobody.post(PATH, {"email": user.email, "password": PASSWORD}).json()
    nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    assert nobody.get("/books").status_code == 200


def test_a_refresh_token_does_not_open_the_api(user, nobody):
    tokens = nobody.post(PATH, {"email": user.email, "password": PASSWORD}).json()
    nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['refresh_token']}")
    assert nobody.get("/books").status_code == 401


def test_the_case_of_the_address_does_not_matter(user, nobody):
    body = {"email": "Reader@Example.COM", "password": PASSWORD}
    assert nobody.post(PATH, body).status_code == 200


def test_every_wrong_pair_gets_the_same_answer(user, nobody):
    UserFactory(email="gone@example.com", is_active=False)
    wrong = [
        {"email": user.email, "password": "wrong"},
        {"email": "unknown@example.com", "password": PASSWORD},
        {"email": "gone@example.com", "password": PASSWORD},
    ]
    answers = [nobody.post(PATH, body) for body in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


def test_every_wrong_pair_costs_the_same_number_of_hashes(user, nobody, monkeypatch):
    UserFactory(email="gone@example.com", is_active=False)
    hashed = []
    hasher = type(hashers.get_hasher("default"))
    encode = hasher.encode

    def count(self, *arguments):
        hashed.append(1)
        return encode(self, *arguments)

    monkeypatch.setattr(hasher, "encode", count)
    costs = []
    for email in (user.email, "unknown@example.com", "gone@example.com"):
        hashed.clear()
        nobody.post(PATH, {"email": email, "password": "wrong"})
        costs.append(len(hashed))
    assert costs == [1, 1, 1]


def test_it_names_a_missing_field(nobody):
    response = nobody.post(PATH, {})
    assert response.status_code == 400
    assert errors_of(response) == {"email": "required", "password": "required"}


def test_it_is_throttled(user, nobody):
    body = {"email": user.email, "password": "wrong"}
    statuses = [nobody.post(PATH, body).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    answer = nobody.post(PATH, body)
    assert errors_of(answer) == {None: "throttled"}
    assert int(answer["Retry-After"]) > 0


def test_a_new_password_kills_the_tokens_from_before(user):
    client = Client(user)
    assert client.get("/books").status_code == 200
    user.set_password("another long phrase")
    user.save()
    assert client.get("/books").status_code == 401


def test_a_deactivated_reader_is_out_at_once(user):
    client = Client(user)
    user.is_active = False
    user.save()
    assert client.get("/books").status_code == 401


def test_a_deleted_reader_is_out_at_once(user):
    client = Client(user)
    user.delete()
    assert client.get("/books").status_code == 401
