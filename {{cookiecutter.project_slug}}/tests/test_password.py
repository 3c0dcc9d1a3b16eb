"""POST /auth/password"""

import pytest

from tests.clients import Client, errors_of
from tests.crowd import all_at_once
from tests.factories import PASSWORD, UserFactory
from users import families

PATH = "/auth/password"
NEW = "another long phrase"


def change(client, password=PASSWORD, new_password=NEW):
    return client.post(PATH, {"password": password, "new_password": new_password})


def log_in(user, password):
    body = {"email": user.email, "password": password}
    return Client().post("/auth/login", body).status_code


def refresh(tokens):
    body = {"refresh_token": tokens["refresh_token"]}
    return Client().post("/token/refresh", body).status_code


def opens(tokens):
    client = Client()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    return client.get("/books").status_code


def test_it_changes_the_password(reader):
    assert change(reader).status_code == 200
    assert log_in(reader.user, NEW) == 200
    assert log_in(reader.user, PASSWORD) == 401


def test_it_gives_new_tokens_and_kills_all_others(reader, other_reader):
    before = families.begin(user=reader.user)
    others = families.begin(user=other_reader.user)
    tokens = change(reader).json()
    assert set(tokens) == {"access_token", "refresh_token"}
    assert reader.get("/books").status_code == 401
    assert (opens(before), refresh(before)) == (401, 401)
    assert (opens(tokens), refresh(tokens)) == (200, 200)
    assert (opens(others), refresh(others)) == (200, 200)
    assert reader.user.token_families.count() == 1


def test_a_wrong_password_is_a_401_and_changes_nothing(reader):
    tokens = families.begin(user=reader.user)
    response = change(reader, password="wrong")
    assert response.status_code == 401
    assert errors_of(response) == {None: "authentication_failed"}
    assert (opens(tokens), refresh(tokens)) == (200, 200)
    assert log_in(reader.user, PASSWORD) == 200


@pytest.mark.parametrize("weak", ["short", "12345678901", "password"])
def test_a_weak_one_is_a_400(reader, weak):
    response = change(reader, new_password=weak)
    assert response.status_code == 400
    assert set(errors_of(response)) == {"new_password"}
    assert log_in(reader.user, PASSWORD) == 200


def test_one_like_the_name_is_a_400(db):
    client = Client(UserFactory(username="bookworm77"))
    assert change(client, new_password="bookworm77").status_code == 400


def test_it_names_missing_fields(reader):
    response = reader.post(PATH, {})
    assert errors_of(response) == {"password": "required", "new_password": "required"}


def test_it_needs_a_token(nobody):
    assert change(nobody).status_code == 401


def test_it_is_throttled_as_logins_are(reader):
    statuses = [change(reader, password="wrong").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


@pytest.mark.django_db(transaction=True)
def test_of_many_changes_at_once_one_happens():
    user = UserFactory()
    wanted = [f"long phrase number {number}" for number in range(8)]
    answers = all_at_once(
        [lambda new=new: change(Client(user), new_password=new) for new in wanted]
    )
    assert sorted(each.status_code for each in answers) == [200] + [401] * 7
    (won,) = [each for each in answers if each.status_code == 200]
    assert opens(won.json()) == 200
    assert log_in(user, wanted[answers.index(won)]) == 200
