"""POST /token/refresh, POST /auth/logout, and what is wrong with a token"""

from datetime import timedelta

import jwt
import pytest
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from tests.clients import Client, errors_of
from tests.crowd import all_at_once
from tests.factories import PASSWORD, UserFactory


def refresh(client, token):
    return client.post("/token/refresh", {"refresh_token": str(token)})


def log_out(client, token):
    return client.post("/auth/logout", {"refresh_token": str(token)})


class TestRefresh:
    def test_it_gives_a_new_pair(self, reader, nobody):
        response = refresh(nobody, RefreshToken.for_user(reader.user))
        assert response.status_code == 200
        assert set(response.json()) == {"access_token", "refresh_token"}
        word = f"Bearer {response.json()['access_token']}"
        nobody.credentials(HTTP_AUTHORIZATION=word)
        assert nobody.get("/books").status_code == 200

    def test_the_new_refresh_token_lives_and_the_old_one_is_dead(self, reader, nobody):
        old = RefreshToken.for_user(reader.user)
        new = refresh(nobody, old).json()["refresh_token"]
        assert refresh(nobody, old).status_code == 401
        assert refresh(nobody, new).status_code == 200

    @pytest.mark.parametrize("token", ["garbage", "a.b.c", "é"])
    def test_garbage_is_a_401(self, nobody, token):
        assert refresh(nobody, token).status_code == 401

    def test_an_access_token_is_no_refresh_token(self, reader, nobody):
        assert refresh(nobody, AccessToken.for_user(reader.user)).status_code == 401

    def test_an_expired_one_is_a_401(self, reader, nobody):
        token = RefreshToken.for_user(reader.user)
        token.set_exp(lifetime=-timedelta(seconds=1))
        assert refresh(nobody, token).status_code == 401

    def test_a_deactivated_reader_gets_none(self, reader, nobody):
        token = RefreshToken.for_user(reader.user)
        reader.user.is_active = False
        reader.user.save()
        assert refresh(nobody, token).status_code == 401

    def test_a_new_password_kills_it(self, reader, nobody):
        token = RefreshToken.for_user(reader.user)
        reader.user.set_password("another long phrase")
        reader.user.save()
        assert refresh(nobody, token).status_code == 401

    def test_it_names_a_missing_field(self, nobody):
        response = nobody.post("/token/refresh", {})
        assert errors_of(response) == {"refresh_token": "required"}

    @pytest.mark.django_db(transaction=True)
    def test_of_many_at_once_with_one_token_one_is_served(self):
        token = RefreshToken.for_user(UserFactory())
        use = [lambda: refresh(Client(), token).status_code] * 10
        statuses = all_at_once(use)
        assert sorted(statuses) == [200] + [401] * 9


class TestLogout:
    def test_the_refresh_token_is_dead_afterwards(self, reader, nobody):
        token = RefreshToken.for_user(reader.user)
        response = log_out(reader, token)
        assert response.status_code == 204
        assert response.content == b""
        assert refresh(nobody, token).status_code == 401
        assert log_out(reader, token).status_code == 401

    def test_it_kills_nobody_elses_token(self, reader, other_reader, nobody):
        token = RefreshToken.for_user(other_reader.user)
        assert log_out(reader, token).status_code == 403
        assert refresh(nobody, token).status_code == 200

    def test_it_needs_a_token(self, reader, nobody):
        token = RefreshToken.for_user(reader.user)
        assert log_out(nobody, token).status_code == 401


class TestAccessToken:
    def says_no(self, header):
        client = Client()
        client.credentials(HTTP_AUTHORIZATION=header)
        response = client.get("/books")
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert list(errors_of(response)) == [None]

    @pytest.mark.parametrize("header", ["Bearer garbage", "Bearer a b", "Basic YTpi"])
    def test_garbage_is_a_401(self, db, header):
        self.says_no(header)

    def test_no_header_is_a_401(self, nobody):
        assert nobody.get("/books").status_code == 401

    def test_an_expired_one_is_a_401(self, reader):
        token = AccessToken.for_user(reader.user)
        token.set_exp(lifetime=-timedelta(seconds=1))
        self.says_no(f"Bearer {token}")

    @pytest.mark.parametrize("algorithm", ["none", "HS512"])
    def test_the_algorithm_is_pinned(self, reader, settings, algorithm):
        claims = AccessToken.for_user(reader.user).payload
        key = None if algorithm == "none" else settings.SIMPLE_JWT["SIGNING_KEY"] * 2
        self.says_no(f"Bearer {jwt.encode(claims, key, algorithm)}")

    def test_another_key_is_refused(self, reader):
        claims = AccessToken.for_user(reader.user).payload
        self.says_no(f"Bearer {jwt.encode(claims, 'x' * 64, 'HS256')}")


class TestExpiredTokens:
    @pytest.fixture
    def expired(self, reader, other_reader):
        """Make tokens that have expired, some of them after they were used."""
        for user in [reader.user, reader.user, other_reader.user]:
            RefreshToken.for_user(user).blacklist()
        RefreshToken.for_user(reader.user)
        yesterday = timezone.now() - timedelta(days=1)
        OutstandingToken.objects.update(expires_at=yesterday)

    def test_a_login_deletes_ones_own(self, expired, reader, other_reader, nobody):
        body = {"email": reader.user.email, "password": PASSWORD}
        assert nobody.post("/auth/login", body).status_code == 200
        assert reader.user.outstandingtoken_set.count() == 1
        assert BlacklistedToken.objects.get().token.user == other_reader.user

    def test_so_does_a_refresh_that_keeps_what_still_counts(self, reader, nobody):
        expired = RefreshToken.for_user(reader.user)
        used, other = (RefreshToken.for_user(reader.user) for _ in range(2))
        past = OutstandingToken.objects.filter(jti=expired["jti"])
        past.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert refresh(nobody, used).status_code == 200
        assert not past.exists()
        assert refresh(nobody, used).status_code == 401
        assert refresh(nobody, other).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/auth/login", "/token/refresh"])
def test_nothing_keeps_an_answer_that_may_hold_tokens(nobody, path, settings):
    user = UserFactory()
    token = str(RefreshToken.for_user(user))
    good = {"email": user.email, "password": PASSWORD, "refresh_token": token}
    bodies = {200: good, 401: good | {"password": "x", "refresh_token": "x"}, 400: {}}
    answers = {status: nobody.post(path, body) for status, body in bodies.items()}
    answers[405] = nobody.get(path)
    answers[415] = nobody.post(path, "x", content_type="text/plain")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 5
    answers[413] = nobody.post(path, good)
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_nothing_keeps_the_answer_to_a_throttled_login(nobody):
    while (answer := nobody.post("/auth/login", {})).status_code != 429:
        assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
