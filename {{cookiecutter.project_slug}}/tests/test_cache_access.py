"""A reader who loses access is refused at once, even if the answer is cached."""

import time
from datetime import timedelta

import pytest

from tests.caches import recorded_round_trips, result_of
from tests.clients import Client
from tests.factories import UserFactory
from users.tokens import AccessToken

pytestmark = pytest.mark.once


@pytest.fixture
def client(store):
    """Return a reader whose next read would be a hit without a query."""
    client = Client(UserFactory())
    for _ in range(3):
        client.get("/tags")
    return client


def deactivate(user):
    user.is_active = False
    user.save()


def change_password(user):
    user.set_password("another long phrase")
    user.save()


def delete(user):
    user.delete()


def log_out_everywhere(user):
    assert Client(user).post("/auth/logout-all").status_code == 204


def deactivate_in_bulk(user):
    type(user).objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize(
    "lose",
    [deactivate, change_password, log_out_everywhere, delete, deactivate_in_bulk],
)
def test_the_next_read_is_refused(client, lose, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert result_of(client.get("/tags")) == "HIT"
    lose(client.user)
    assert client.get("/tags").status_code == 401
    assert client.get("/tags").status_code == 401


def test_another_reader_stays_inside(client):
    other = Client(UserFactory())
    deactivate(other.user)
    assert other.get("/tags").status_code == 401
    assert result_of(client.get("/tags")) == "HIT"


def test_who_comes_back_is_let_in(client):
    deactivate(client.user)
    assert client.get("/tags").status_code == 401
    client.user.is_active = True
    client.user.save()
    assert client.get("/tags").status_code == 200


def test_a_forged_token_gets_no_hit(client):
    forged = Client(client.user)
    forged.credentials(HTTP_AUTHORIZATION="Bearer forged")
    assert forged.get("/tags").status_code == 401
    assert Client().get("/tags").status_code == 401


def test_a_remembered_token_with_another_signature_gets_no_hit(client):
    token = str(AccessToken.for_user(client.user))
    start = token.rindex(".") + 1
    changed = "B" if token[start] == "A" else "A"
    for spelling, answer in (
        (token, 200),
        (token[:start] + changed + token[start + 1 :], 401),
        (token[:start], 401),
        (token, 200),
    ):
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {spelling}")
        assert client.get("/tags").status_code == answer


def test_a_remembered_token_is_refused_when_it_expires(client):
    token = AccessToken.for_user(client.user)
    token.set_exp(lifetime=timedelta(seconds=5))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert result_of(client.get("/tags")) == "HIT"
    assert result_of(client.get("/tags")) == "HIT"
    time.sleep(max(0, token["exp"] - time.time()) + 0.01)
    assert client.get("/tags").status_code == 401


def test_a_registration_does_not_disturb_the_others(redis_store, monkeypatch):
    client = Client(UserFactory())
    for _ in range(3):
        client.get("/tags")
    UserFactory()
    with recorded_round_trips(monkeypatch) as trips:
        assert result_of(client.get("/tags")) == "HIT"
    assert len(trips) == 1


def test_a_token_without_a_fingerprint_is_refused(client):
    token = AccessToken.for_user(client.user)
    del token["fingerprint"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/tags").status_code == 401
