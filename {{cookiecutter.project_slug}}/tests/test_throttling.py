"""The limits on logins, registrations and rotated tokens."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

import pytest
from django.db import OperationalError, connection

from common import counters
from common.counters import LocalCounters, Rate, get_counters
from tests import caches, live, servers
from tests.clients import errors_of
from tests.factories import PASSWORD, UserFactory

LOGIN = "/auth/login"


@pytest.fixture
def reader_account(db):
    return UserFactory(email="reader@example.com")


def log_in(client, email, password="wrong", address="192.0.2.1", **headers):
    """Return the status of a login from this address."""
    body = {"email": email, "password": password}
    return client.post(LOGIN, body, REMOTE_ADDR=address, **headers).status_code


RATE = Rate.parse("2/min")


class TestCounters:
    def test_there_is_room_up_to_the_limit(self, store):
        waits = [get_counters().take("a", RATE) for _ in range(4)]
        assert waits[:2] == [0, 0]
        assert all(0 < wait <= 60 for wait in waits[2:])
        assert get_counters().take("b", RATE) == 0

    def test_what_is_given_back_is_room(self, store):
        for _ in range(2):
            get_counters().take("a", RATE)
        get_counters().give_back("a")
        assert get_counters().take("a", RATE) == 0
        assert get_counters().take("a", RATE) > 0

    def test_nothing_can_be_given_back_that_was_not_taken(self, store):
        for _ in range(3):
            get_counters().give_back("a")
        waits = [get_counters().take("a", RATE) for _ in range(3)]
        assert waits[:2] == [0, 0] and waits[2] > 0

    def test_a_limit_of_none_lets_nothing_through(self, store):
        assert get_counters().take("a", Rate.parse("0/min")) > 0

    def test_in_redis_they_all_expire(self, redis_store):
        for _ in range(3):
            get_counters().take("a", RATE)
        get_counters().mark("b", 10)
        for name in "ab":
            assert redis_store.client.ttl(f"library:throttle:{name}") > 0

    def test_the_next_window_begins_with_the_next_request(self):
        now = [100.0]
        local = LocalCounters(1, clock=lambda: now[0])
        local.mark("b", 90)
        assert [local.take("a", RATE) for _ in range(3)] == [0, 0, 60]
        now[0] = 159.5
        assert local.take("a", RATE) == 0.5
        now[0] = 160
        assert [local.take("a", RATE) for _ in range(3)] == [0, 0, 60]
        assert local.is_marked("b")
        now[0] = 190
        assert not local.is_marked("b")

    def test_the_workers_share_a_limit(self):
        ten, one = Rate.parse("10/min"), Rate.parse("1/min")
        local = LocalCounters(3)
        assert [local.take("a", ten) > 0 for _ in range(4)] == [False] * 3 + [True]
        assert [local.take("b", one) > 0 for _ in range(2)] == [False, True]

    def test_those_in_memory_stay_few(self, monkeypatch):
        monkeypatch.setattr(counters, "MAX_LOCAL", 3)
        local = LocalCounters(1)
        for name in "abcab":
            local.take(name, RATE)
        local.take("d", RATE)
        assert list(local.counts) == ["a", "b", "d"]


class TestAnAddress:
    def test_of_ipv6_is_its_network(self, store, nobody):
        same = [f"2001:db8:0:7::{number:x}" for number in range(10)]
        assert [log_in(nobody, "a@x.com", address=a) for a in same] == [401] * 10
        assert log_in(nobody, "a@x.com", address="2001:db8:0:7:ffff::1") == 429
        assert log_in(nobody, "a@x.com", address="2001:db8:0:8::1") == 401

    def test_of_ipv4_is_the_same_in_ipv6(self, store, nobody):
        for _ in range(5):
            assert log_in(nobody, "a@x.com", address="198.51.100.7") == 401
            assert log_in(nobody, "a@x.com", address="::ffff:198.51.100.7") == 401
        assert log_in(nobody, "a@x.com", address="198.51.100.7") == 429
        assert log_in(nobody, "a@x.com", address="::ffff:198.51.100.8") == 401

    @pytest.mark.parametrize("proxies", [0, 1, 2])
    def test_can_not_be_forged(self, store, nobody, settings, proxies):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
        # Each proxy adds the address that it was called from.
        added = ["203.0.113.5", "10.0.0.1"][:proxies]
        statuses = []
        for number in range(11):
            seen = ", ".join([f"192.0.2.{number}", "unknown", *added])
            last = "10.0.0.2" if proxies else "203.0.113.5"
            header = {"HTTP_X_FORWARDED_FOR": seen}
            statuses.append(log_in(nobody, "a@x.com", address=last, **header))
        assert statuses == [401] * 10 + [429]


def test_it_says_when_there_is_room_again(store, nobody):
    body = {"refresh_token": "none"}
    answers = [nobody.post("/token/refresh", body) for _ in range(61)]
    assert Counter(a.status_code for a in answers) == {401: 60, 429: 1}
    assert errors_of(answers[-1]) == {None: "throttled"}
    assert 0 < int(answers[-1]["Retry-After"]) <= 60


@pytest.fixture
def guess(nobody):
    """Return a function that guesses passwords, each from an address of its own."""

    def guess(email, times):
        return Counter(
            log_in(nobody, email, address=f"198.18.{n // 250}.{n % 250}")
            for n in range(times)
        )

    return guess


class TestAnAccount:
    def test_is_limited_from_however_many_addresses(self, store, guess, reader_account):
        assert guess(reader_account.email, 30) == {401: 20, 429: 10}

    def test_that_nobody_has_is_limited_alike(self, store, guess):
        assert guess("nobody@example.com", 30) == {401: 20, 429: 10}

    def test_is_one_whatever_its_case(self, store, guess, nobody, reader_account):
        guess(reader_account.email, 20)
        assert log_in(nobody, "READER@Example.com") == 429

    def test_is_not_limited_to_who_knows_the_password(
        self, store, nobody, reader_account
    ):
        for number in range(30):
            address = f"198.18.0.{number}"
            assert log_in(nobody, reader_account.email, PASSWORD, address) == 200

    def test_can_not_be_locked_where_its_reader_was(
        self, store, nobody, guess, reader_account
    ):
        home, email = "2001:db8:0:1::7", reader_account.email
        assert log_in(nobody, email, PASSWORD, home) == 200
        guess(email, 30)
        assert log_in(nobody, email, PASSWORD, "192.0.2.9") == 429
        # A device there gets a new address each day, in the same network.
        assert log_in(nobody, email, PASSWORD, "2001:db8:0:1::8") == 200

    def test_is_limited_where_its_reader_was_too(
        self, store, nobody, settings, reader_account
    ):
        email = reader_account.email
        settings.REST_FRAMEWORK = rates(settings, login="1000/min")
        assert log_in(nobody, email, PASSWORD) == 200
        assert Counter(log_in(nobody, email) for _ in range(30)) == {401: 20, 429: 10}

    def test_is_not_limited_by_logins_that_could_not_be_checked(
        self, store, nobody, reader_account
    ):
        def refuse(*arguments):
            raise OperationalError("the database is away")

        nobody.raise_request_exception = False
        with connection.execute_wrapper(refuse):
            for number in range(30):
                address = f"198.18.0.{number}"
                assert log_in(nobody, reader_account.email, "x", address) == 503
        assert log_in(nobody, reader_account.email, PASSWORD) == 200

    def test_is_limited_in_the_admin_too(self, store, guess, reader_account, client):
        guess(reader_account.email, 20)
        body = {"username": reader_account.email, "password": PASSWORD}
        answer = client.post("/admin/login/", body)
        assert errors_of(answer) == {None: "throttled"}
        assert 0 < int(answer["Retry-After"]) <= 3600

    def test_leaves_no_address_in_redis(self, redis_store, nobody, reader_account):
        log_in(nobody, reader_account.email, PASSWORD)
        log_in(nobody, reader_account.email, "wrong")
        keys = b" ".join(redis_store.client.keys())
        assert b"throttle" in keys
        assert b"reader" not in keys and b"192.0.2" not in keys


@pytest.mark.once
def test_a_redis_that_takes_no_counter_is_as_good_as_none(
    settings, own_redis, nobody, caplog
):
    full = own_redis("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    settings.CACHING = caches.caching(full.url)
    statuses = [log_in(nobody, "a@x.com") for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert "The store of the throttles does not answer: " in caplog.text


def rates(settings, **changes):
    """Return settings.REST_FRAMEWORK with other rates."""
    given = settings.REST_FRAMEWORK
    changed = given["DEFAULT_THROTTLE_RATES"] | changes
    return given | {"DEFAULT_THROTTLE_RATES": changed}


def all_at_once(url, times=60):
    """Send wrong logins at once; return how many got each status."""

    def one(_):
        with pytest.raises(HTTPError) as caught:
            live.log_in(url, "nobody@example.com", "wrong")
        caught.value.close()
        return caught.value.code

    with ThreadPoolExecutor(times) as threads:
        return Counter(threads.map(one, range(times)))


@pytest.fixture
def two_workers(tmp_path):
    """Return a function that counts what 60 logins at once get from two workers."""

    def count(redis_url):
        with live.database(tmp_path) as database:
            env = live.environment(
                database, REDIS_URL=redis_url, WEB_CONCURRENCY="2", WEB_THREADS="16"
            )
            env |= {"DJANGO_SETTINGS_MODULE": "tests.patient"}
            live.manage("migrate", "--verbosity=0", env=env)
            with live.gunicorn(env) as (address, _):
                return all_at_once(address)

    return count


@pytest.mark.once
class TestSixtyAtOnceOnTwoWorkers:
    def test_exactly_ten_get_through(self, two_workers, own_redis):
        assert two_workers(own_redis().url) == {401: 10, 429: 50}

    def test_at_most_ten_get_through_without_redis(self, two_workers):
        with servers.refusing_port() as port:
            counts = two_workers(f"redis://127.0.0.1:{port}/0")
        assert set(counts) == {401, 429}
        assert 1 <= counts[401] <= 10
