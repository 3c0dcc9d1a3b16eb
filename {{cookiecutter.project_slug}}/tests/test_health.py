"""GET /common/health-check"""

from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection

from config import health
from tests.caches import caching
from tests.clients import Client

PATH = "/common/health-check"


@pytest.mark.django_db
def test_it_says_that_all_is_well_to_anybody():
    response = Client().get(PATH)
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "database": "ok",
        "cache": "ok",
        "release": "dev",
    }


@pytest.mark.django_db
def test_it_names_the_running_release(settings):
    settings.RELEASE = "3f2c1ab"
    assert Client().get(PATH).json()["release"] == "3f2c1ab"


@pytest.mark.django_db
def test_it_is_degraded_but_serves_when_the_cache_is_unreachable(settings):
    settings.CACHING = caching("redis://127.0.0.1:1/0")
    response = Client().get(PATH)
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["cache"] == "unreachable"


@pytest.mark.django_db(transaction=True)
def test_it_answers_503_when_the_database_is_unreachable(monkeypatch):
    connection.close()
    nowhere = {
        "sqlite": {"NAME": "/nowhere/library.sqlite3"},
        "postgresql": {"HOST": "127.0.0.1", "PORT": 1},
    }[connection.vendor]
    for name, value in nowhere.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    response = Client().get(PATH)
    connection.close()
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["database"] == "unreachable"


@pytest.mark.django_db
@pytest.mark.parametrize(("took", "again"), [(3, 503), (0, 200)])
def test_a_database_that_failed_slowly_is_spared_for_a_moment(monkeypatch, took, again):
    """Else checks that waited meanwhile would each wait as long again."""
    clock = SimpleNamespace(now=100)

    def fail(*arguments):
        clock.now += took
        raise OperationalError("no answer")

    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(health, "_unreachable_until", 0)
    with connection.execute_wrapper(fail):
        assert Client().get(PATH).status_code == 503
    clock.now += 2
    assert Client().get(PATH).status_code == again
    clock.now += 1
    assert Client().get(PATH).json()["database"] == "ok"
