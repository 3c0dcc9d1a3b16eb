"""POST /token/refresh, POST /auth/logout, and what is wrong with a token"""

from datetime import timedelta

import jwt
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.clients import Client, errors_of
from tests.crowd import all_at_once
from tests.factories import PASSWORD, UserFactory
from users import families
from users.models import TokenFamily, User
from users.tokens import AccessToken, RefreshToken


def log_in(user):
    """Return the refresh token of a new login."""
    response = Client().post("/auth/login", {"email": user.email, "password": PASSWORD})
    assert response.status_code == 200, response.content
    return response.json()["refresh_token"]


def refresh(client, token):
    return client.post("/token/refresh", {"refresh_token": str(token)})


def renewed(client, token):
    """Return the refresh token that another one is exchanged for."""
    response = refresh(client, token)
    assert response.status_code == 200, response.content
    return response.json()["refresh_token"]


def log_out(client, token):
    return client.post("/auth/logout", {"refresh_token": str(token)})


def logged_in(ago):
    """Make all logins that long ago."""
    TokenFamily.objects.update(created_at=timezone.now() - ago)


class TestRefresh:
    def test_it_gives_a_new_pair(self, reader, nobody):
        response = refresh(nobody, log_in(reader.user))
        assert response.status_code == 200
        assert set(response.json()) == {"access_token", "refresh_token"}
        word = f"Bearer {response.json()['access_token']}"
        nobody.credentials(HTTP_AUTHORIZATION=word)
        assert nobody.get("/books").status_code == 200

    def test_the_new_refresh_token_lives_and_the_old_one_is_dead(self, reader, nobody):
        old = log_in(reader.user)
        new = renewed(nobody, old)
        assert refresh(nobody, new).status_code == 200
        assert refresh(nobody, old).status_code == 401

    @pytest.mark.parametrize("token", ["garbage", "a.b.c", "é"])
    def test_garbage_is_a_401(self, nobody, token):
        assert refresh(nobody, token).status_code == 401

    def test_an_access_token_is_no_refresh_token(self, reader, nobody):
        assert refresh(nobody, AccessToken.for_user(reader.user)).status_code == 401

    def test_one_from_before_there_were_families_is_a_401(self, reader, nobody):
        assert refresh(nobody, RefreshToken.for_user(reader.user)).status_code == 401

    def test_an_expired_one_is_a_401(self, reader, nobody):
        token = RefreshToken(log_in(reader.user))
        token.set_exp(lifetime=-timedelta(seconds=1))
        assert refresh(nobody, token).status_code == 401

    def test_a_deactivated_reader_gets_none(self, reader, nobody):
        token = log_in(reader.user)
        reader.user.is_active = False
        reader.user.save()
        assert refresh(nobody, token).status_code == 401

    def test_a_new_password_kills_it(self, reader, nobody):
        token = log_in(reader.user)
        reader.user.set_password("another long phrase")
        reader.user.save()
        assert refresh(nobody, token).status_code == 401

    def test_it_names_a_missing_field(self, nobody):
        response = nobody.post("/token/refresh", {})
        assert errors_of(response) == {"refresh_token": "required"}

    def test_it_is_throttled(self, nobody):
        statuses = [refresh(nobody, "garbage").status_code for _ in range(61)]
        assert statuses == [401] * 60 + [429]

    @pytest.mark.django_db(transaction=True)
    def test_of_many_at_once_with_one_token_one_is_served(self):
        user = UserFactory()
        token, other = log_in(user), log_in(user)
        use = [lambda: refresh(Client(), token)] * 12
        answers = all_at_once(use)
        assert sorted(each.status_code for each in answers) == [200] + [401] * 11
        (served,) = [each for each in answers if each.status_code == 200]
        # The others used it a second time.
        assert refresh(Client(), served.json()["refresh_token"]).status_code == 401
        assert refresh(Client(), other).status_code == 200


class TestStolenToken:
    def test_its_second_use_ends_the_thiefs_chain(self, reader, nobody):
        stolen = log_in(reader.user)
        thiefs = renewed(nobody, renewed(nobody, stolen))
        assert refresh(nobody, stolen).status_code == 401
        assert refresh(nobody, thiefs).status_code == 401
        assert not reader.user.token_families.exists()

    def test_its_second_use_ends_the_readers_chain(self, reader, nobody):
        stolen = log_in(reader.user)
        own = renewed(nobody, stolen)
        assert refresh(nobody, stolen).status_code == 401
        assert refresh(nobody, own).status_code == 401

    def test_the_reader_who_logs_out_with_it_ends_the_thiefs_chain(
        self, reader, nobody
    ):
        stolen = log_in(reader.user)
        thiefs = renewed(nobody, stolen)
        assert log_out(reader, stolen).status_code == 401
        assert refresh(nobody, thiefs).status_code == 401

    def test_other_logins_go_on(self, reader, other_reader, nobody):
        stolen = log_in(reader.user)
        others = [log_in(reader.user), log_in(other_reader.user)]
        renewed(nobody, stolen)
        assert refresh(nobody, stolen).status_code == 401
        assert [refresh(nobody, each).status_code for each in others] == [200, 200]

    def test_the_database_holds_no_token(self, reader, nobody):
        token = renewed(nobody, log_in(reader.user))
        secrets = [*token.split("."), RefreshToken(token)["jti"]]
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM users_tokenfamily")
            stored = str(cursor.fetchall())
        assert not [each for each in secrets if each in stored]


class TestTokensInClear:
    """What a project has that ran before there were families."""

    @pytest.fixture
    def rows(self, transactional_db):
        """Return a function that shows a table as it was then, with a used token."""
        call_command("migrate", "users", "0003", verbosity=0)
        user = UserFactory()
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE token_blacklist_outstandingtoken (jti text, token text, "
                "user_id bigint REFERENCES users_user (id) "
                "DEFERRABLE INITIALLY DEFERRED)"
            )
            row = "INSERT INTO token_blacklist_outstandingtoken VALUES (%s, %s, %s)"
            cursor.execute(row, ["an id", "a.token.in-clear", user.pk])

            def show():
                cursor.execute("SELECT * FROM token_blacklist_outstandingtoken")
                return cursor.fetchall()

            yield show
            cursor.execute("DROP TABLE token_blacklist_outstandingtoken")
        # All apps: whatever needs the users' later migrations went with them.
        call_command("migrate", verbosity=0)

    def test_a_migration_takes_them_away(self, rows):
        call_command("migrate", "users", verbosity=0)
        # The release before this one may come back: it asks for the id.
        assert rows() == [("an id", "", None)]
        User.objects.get().delete()

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="servers run PostgreSQL")
    def test_what_that_release_adds_meanwhile_is_in_nobodys_way(self, rows):
        call_command("migrate", "users", verbosity=0)
        user = UserFactory()
        with connection.cursor() as cursor:
            row = "INSERT INTO token_blacklist_outstandingtoken VALUES (%s, %s, %s)"
            cursor.execute(row, ["later", "", user.pk])
        user.delete()


class TestEnd:
    def test_no_token_lives_longer_than_thirty_days_after_the_login(
        self, reader, nobody
    ):
        token = log_in(reader.user)
        logged_in(timedelta(days=29, hours=23))
        token = RefreshToken(renewed(nobody, token))
        left = token["exp"] - timezone.now().timestamp()
        assert 0 < left <= 3600
        assert token["exp"] == int(TokenFamily.objects.get().expires_at.timestamp())

    def test_a_login_of_thirty_days_ago_is_over(self, reader, nobody):
        token = log_in(reader.user)
        logged_in(timedelta(days=30))
        assert refresh(nobody, token).status_code == 401


class TestGrowth:
    def test_rotating_adds_no_row(self, reader, nobody):
        token = log_in(reader.user)
        for _ in range(10):
            token = renewed(nobody, token)
        assert TokenFamily.objects.count() == 1

    def test_a_stranger_adds_no_row(self, reader, nobody):
        pair = {"email": reader.user.email, "password": "wrong"}
        with CaptureQueriesContext(connection) as queries:
            assert nobody.post("/auth/login", pair).status_code == 401
            assert refresh(nobody, "garbage").status_code == 401
        assert queries
        assert not [q for q in queries if not q["sql"].startswith("SELECT")]

    def test_a_login_deletes_ones_own_that_have_expired(self, reader, other_reader):
        for user in (reader.user, reader.user, other_reader.user):
            families.begin(user=user)
        TokenFamily.objects.update(expires_at=timezone.now())
        log_in(reader.user)
        assert reader.user.token_families.count() == 1
        assert other_reader.user.token_families.count() == 1

    def test_the_oldest_of_too_many_logins_ends(self, reader, nobody):
        begun = [families.begin(user=reader.user) for _ in range(21)]
        statuses = [
            refresh(nobody, each["refresh_token"]).status_code for each in begun
        ]
        assert statuses == [401] + [200] * 20
        assert reader.user.token_families.count() == 20

    @pytest.mark.django_db(transaction=True)
    def test_many_logins_at_once_are_not_too_many(self):
        user = UserFactory()
        all_at_once([lambda: families.begin(user=user)] * 30)
        assert user.token_families.count() <= 20


class TestLogout:
    def test_the_refresh_token_is_dead_afterwards(self, reader, nobody):
        token = log_in(reader.user)
        response = log_out(reader, token)
        assert response.status_code == 204
        assert response.content == b""
        assert refresh(nobody, token).status_code == 401
        assert log_out(reader, token).status_code == 401

    def test_the_access_token_lives_on(self, reader):
        log_out(reader, log_in(reader.user))
        assert reader.get("/books").status_code == 200

    def test_it_kills_nobody_elses_token(self, reader, other_reader, nobody):
        token = log_in(other_reader.user)
        assert log_out(reader, token).status_code == 403
        assert refresh(nobody, token).status_code == 200

    def test_it_needs_a_token(self, reader, nobody):
        assert log_out(nobody, log_in(reader.user)).status_code == 401


class TestLogoutEverywhere:
    PATH = "/auth/logout-all"

    def test_every_token_of_the_reader_is_dead(self, reader, nobody):
        refresh_tokens = [log_in(reader.user) for _ in range(2)]
        elsewhere = Client(reader.user)
        response = reader.post(self.PATH)
        assert (response.status_code, response.content) == (204, b"")
        for client in (reader, elsewhere):
            assert client.get("/books").status_code == 401
            assert client.get("/loans").status_code == 401
        for token in refresh_tokens:
            assert refresh(nobody, token).status_code == 401
        assert not reader.user.token_families.exists()

    def test_other_readers_stay_inside(self, reader, other_reader, nobody):
        token = log_in(other_reader.user)
        reader.post(self.PATH)
        assert other_reader.get("/books").status_code == 200
        assert refresh(nobody, token).status_code == 200

    def test_the_reader_can_log_in_again(self, reader, nobody):
        reader.post(self.PATH)
        assert refresh(nobody, log_in(reader.user)).status_code == 200

    def test_it_needs_a_token(self, nobody):
        assert nobody.post(self.PATH).status_code == 401


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


@pytest.mark.parametrize("path", ["/auth/login", "/token/refresh", "/auth/password"])
def test_nothing_keeps_an_answer_that_may_hold_tokens(reader, path):
    good = {"email": reader.user.email, "password": PASSWORD}
    good |= {"refresh_token": log_in(reader.user), "new_password": f"{PASSWORD}-new"}
    bad = good | {"password": "x", "refresh_token": "x"}
    # A new password ends the reader's token, so the others come before.
    answers = {401: reader.post(path, bad), 400: reader.post(path, {})}
    answers[405] = reader.get(path)
    answers[415] = reader.post(path, "x", content_type="text/plain")
    answers[200] = reader.post(path, good)
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_nothing_keeps_the_answer_to_a_throttled_login(nobody):
    while (answer := nobody.post("/auth/login", {})).status_code != 429:
        assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
