"""ETag, If-None-Match, compression, X-Cache."""

import gzip

import pytest
from django.db import transaction

from tests.caches import caching, result_of
from tests.factories import BookFactory, TagFactory

pytestmark = pytest.mark.once


@pytest.fixture
def large(store):
    BookFactory.create_batch(30)
    return "/books"


@pytest.fixture
def small(store):
    return f"/tags/{TagFactory().pk}"


def test_the_validator_is_strong_and_changes_with_the_answer(store, librarian):
    tag = TagFactory()
    path = f"/tags/{tag.pk}"
    first = librarian.get(path).headers["ETag"]
    assert first.startswith('"') and first.endswith('"')
    assert librarian.get(path).headers["ETag"] == first
    librarian.put(path, {"name": "New"})
    assert librarian.get(path).headers["ETag"] != first


def test_hit_miss_and_bypass_have_the_same_one(small, reader):
    with transaction.atomic():
        answers = [reader.get(small)]
    answers += [reader.get(small), reader.get(small)]
    assert [result_of(answer) for answer in answers] == ["BYPASS", "MISS", "HIT"]
    assert len({answer.headers["ETag"] for answer in answers}) == 1


@pytest.mark.parametrize("match", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_a_match_is_a_304_without_a_body(small, reader, match):
    etag = reader.get(small).headers["ETag"]
    response = reader.get(small, HTTP_IF_NONE_MATCH=match.format(etag=etag))
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == etag
    assert result_of(response) == "HIT"


@pytest.mark.parametrize("match", ['"other"', "nonsense", ""])
def test_no_match_is_a_200(small, reader, match):
    assert reader.get(small, HTTP_IF_NONE_MATCH=match).status_code == 200


@pytest.mark.parametrize("match", ['"other"', "*"])
def test_a_condition_for_writes_is_none_for_reads(small, reader, match):
    answers = [reader.get(small, HTTP_IF_MATCH=match) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content == reader.get(small).content


def test_a_large_body_is_stored_compressed_and_sent_as_stored(large, reader, store):
    plain = reader.get(large)
    packed = reader.get(large, HTTP_ACCEPT_ENCODING="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 4
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for answer in (plain, packed):
        assert answer.headers["Vary"] == "Accept-Encoding, Authorization"


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("br;q=0, *;q=0.1", True),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_it_is_sent_so_to_whom_accepts_it(large, reader, accepted, compressed):
    response = reader.get(large, HTTP_ACCEPT_ENCODING=accepted)
    assert (response.headers.get("Content-Encoding") == "gzip") == compressed


def test_a_small_body_is_never_compressed(small, reader):
    response = reader.get(small, HTTP_ACCEPT_ENCODING="gzip")
    assert "Content-Encoding" not in response.headers


def test_the_size_can_be_set(store, reader, settings):
    settings.CACHING = caching(compress_from=10)
    path = f"/tags/{TagFactory().pk}"
    response = reader.get(path, HTTP_ACCEPT_ENCODING="gzip")
    assert response.headers["Content-Encoding"] == "gzip"


def test_a_head_is_answered_like_a_get(small, reader):
    got = reader.get(small)
    head = reader.head(small)
    assert result_of(head) == "HIT"
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_clients_may_keep_it_but_must_ask(small, reader):
    assert reader.get(small).headers["Cache-Control"] == "private, no-cache"


def test_what_is_not_cached_says_nothing_of_a_cache(store, reader):
    for path in ("/loans", f"/users/{reader.user.pk}"):
        response = reader.get(path)
        assert not {"X-Cache", "ETag"} & set(response.headers)
