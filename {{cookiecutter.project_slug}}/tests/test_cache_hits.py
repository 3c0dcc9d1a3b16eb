"""A hit takes one round trip and no query, and has the same bytes as a miss."""

import pytest
from django.db import transaction
from django.urls import resolve

from tests.caches import cached_views, caching, recorded_round_trips, result_of
from tests.clients import API
from tests.factories import BookFactory, TagFactory

READS = ["/books", "/books?page_size=2&page=2", "/books/{book}", "/books/{book}/tags"]
READS += ["/tags", "/tags/{tag}"]


@pytest.fixture
def paths(transactional_db):
    tags = TagFactory.create_batch(3)
    book = [BookFactory(tags=tags[:2]) for _ in range(5)][2]
    return {path: path.format(book=book.pk, tag=tags[0].pk) for path in READS}


def test_every_cached_view_is_read_here(paths):
    places = [API + path.partition("?")[0] for path in paths.values()]
    read = {resolve(place).func.cls for place in places}
    missing = [path for path, view in cached_views() if view not in read]
    assert missing == [], "add them to READS"


def warm(client, path):
    """Read until it is a hit: the answer, then the reader's fingerprint."""
    results = [result_of(client.get(path)) for _ in range(3)]
    assert results == ["MISS", "HIT", "HIT"]


@pytest.mark.parametrize("read", READS)
def test_a_hit_makes_no_query(store, paths, reader, read, django_assert_num_queries):
    warm(reader, paths[read])
    with django_assert_num_queries(0):
        assert result_of(reader.get(paths[read])) == "HIT"


@pytest.mark.parametrize("read", READS)
def test_a_hit_is_one_round_trip(redis_store, paths, reader, read, monkeypatch):
    warm(reader, paths[read])
    with recorded_round_trips(monkeypatch) as trips:
        assert result_of(reader.get(paths[read])) == "HIT"
    assert len(trips) == 1, trips


@pytest.mark.parametrize("read", READS)
def test_a_304_is_one_round_trip_and_no_query(
    redis_store, paths, reader, read, monkeypatch, django_assert_num_queries
):
    warm(reader, paths[read])
    etag = reader.get(paths[read]).headers["ETag"]
    with recorded_round_trips(monkeypatch) as trips, django_assert_num_queries(0):
        response = reader.get(paths[read], HTTP_IF_NONE_MATCH=etag)
    assert (response.status_code, response.content) == (304, b"")
    assert len(trips) == 1, trips


def test_a_miss_is_a_few_round_trips(redis_store, paths, reader, monkeypatch):
    warm(reader, "/tags")
    with recorded_round_trips(monkeypatch) as trips:
        assert result_of(reader.get("/books")) == "MISS"
    # Look up, lock, look up again, store, unlock.
    assert len(trips) == 5, trips


@pytest.mark.parametrize("read", READS)
def test_a_cached_answer_is_the_uncached_one_byte_for_byte(store, paths, reader, read):
    with transaction.atomic():
        uncached = reader.get(paths[read])
    assert result_of(uncached) == "BYPASS"
    warm(reader, paths[read])
    assert reader.get(paths[read]).content == uncached.content


def test_readers_share_answers(store, paths, reader, other_reader, librarian):
    warm(reader, "/books")
    assert result_of(other_reader.get("/books")) == "HIT"
    assert result_of(librarian.get("/books")) == "HIT"


def test_inside_a_transaction_nothing_is_served_or_kept(store, paths, reader):
    warm(reader, "/books")
    with transaction.atomic():
        assert reader.get("/books").headers["X-Cache"] == "BYPASS; transaction"
        assert reader.get("/tags").headers["X-Cache"] == "BYPASS; transaction"
    assert result_of(reader.get("/tags")) == "MISS"


def test_an_error_is_not_kept(store, paths, reader):
    for path in ("/books/999999", "/books?page=99", "/tags/999999"):
        for _ in range(2):
            response = reader.get(path)
            assert response.status_code == 404
            assert "X-Cache" not in response.headers


def test_what_expired_is_computed_again(redis_store, paths, reader):
    warm(reader, "/tags")
    [key] = redis_store.client.scan_iter("library:tags:list:*")
    assert 160 <= redis_store.client.ttl(key) <= 180
    redis_store.client.delete(key)
    assert result_of(reader.get("/tags")) == "MISS"


def test_two_releases_never_serve_each_others_answers(
    redis_store, paths, reader, settings
):
    url = settings.CACHING["redis_url"]
    for release, result in [("one", "MISS"), ("two", "MISS"), ("two", "HIT")]:
        settings.CACHING = caching(url, release=release)
        assert result_of(reader.get("/tags")) == result
