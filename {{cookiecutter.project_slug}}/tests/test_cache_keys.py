"""Requests share an entry if they mean the same, and only then."""

import re

import pytest

from caching.watching import watched_tables
from tests.caches import empty, result_of
from tests.factories import BookFactory, TagFactory

pytestmark = pytest.mark.once


@pytest.fixture
def library(transactional_db):
    tags = TagFactory.create_batch(2)
    for number in range(6):
        BookFactory(title=f"Title {number}", tags=tags)
    empty()
    return {"a": tags[0].pk, "b": tags[1].pk}


SAME = [
    ("", "page=1"),
    ("", "page_size=100&page=1"),
    ("", "title=&author="),
    ("", "unknown=1"),
    ("", "tag_option=or"),
    ("title=TITLE", "title=title"),
    ("author=ada", "author=ADA"),
    ("title=t&page_size=2", "page_size=2&title=t"),
    ("title=a&title=t", "title=t"),
    ("tag={a}", "tag={a}&tag={a}"),
    ("tag={a}", "tag={a}&tag_option=and"),
    ("tag={a}&tag={b}&tag_option=or", "tag_option=or&tag={b}&tag={a}&tag={b}"),
    ("title=Title%201", "title=Title+1"),
]
DIFFERENT = [
    ("", "page_size=99"),
    ("page_size=2", "page_size=2&page=2"),
    ("title=1", "author=1"),
    ("title=1", "title=2"),
    ("tag={a}", "tag={b}"),
    ("tag={a}&tag={b}&tag_option=or", "tag={a}&tag={b}&tag_option=and"),
    ("order_by=title", "order_by=-title"),
    ("order_by=title", ""),
    ("title=é", "title=É"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_question_is_one_entry(store, library, reader, first, second):
    answers = [reader.get("/books?" + q.format(**library)) for q in (first, second)]
    assert [result_of(answer) for answer in answers] == ["MISS", "HIT"]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_another_question_is_another_entry(store, library, reader, first, second):
    for query in (first, second):
        response = reader.get("/books?" + query.format(**library))
        assert result_of(response) == "MISS"


def test_unknown_parameters_never_make_an_entry(redis_store, library, reader):
    for number in range(20):
        reader.get(f"/books?random={number}")
    assert len(list(redis_store.client.scan_iter("library:books:list:*"))) == 1


def test_a_bad_parameter_never_makes_an_entry(redis_store, library, reader):
    assert reader.get("/books?page=abc").status_code == 400
    assert not list(redis_store.client.scan_iter("library:books:*"))


def test_hosts_and_schemes_never_mix(store, library, reader, settings):
    settings.ALLOWED_HOSTS = ["*"]
    for host, scheme in [("one.example", "http"), ("two.example", "http")] + [
        ("one.example", "https")
    ]:
        options = {"HTTP_HOST": host, "wsgi.url_scheme": scheme}
        for result in ("MISS", "HIT"):
            response = reader.get("/books?page_size=2", **options)
            assert result_of(response) == result
            link = f"{scheme}://{host}/api/v1/books?page=2&page_size=2"
            assert response.json()["next"] == link


def test_a_long_query_is_answered_like_a_short_one(store, library, reader):
    query = "title=title&x=" + "x" * 1000
    assert result_of(reader.get("/books?title=TITLE")) == "MISS"
    assert result_of(reader.get(f"/books?{query}")) == "HIT"


def test_keys_can_be_read(redis_store, library, reader):
    reader.get("/books")
    reader.get("/tags")
    reader.get(f"/tags/{library['a']}")
    reader.get("/tags")
    keys = {key.decode() for key in redis_store.client.scan_iter("*")}
    # Behind an answer's name: a digest of scheme, host and query.
    answer = re.compile(r":[0-9a-f]{16}$")
    names = {answer.sub("", key) for key in keys}
    assert names == {
        "library:books:list",
        "library:tags:list",
        f"library:tags:detail:{library['a']}",
        f"library:users:fingerprint:{reader.user.pk}",
        "library:changes:users",
        f"library:stamp:tags:{library['a']}",
        f"library:stamp:users:{reader.user.pk}",
        *(f"library:stamp:{table}" for table in watched_tables()),
    }
