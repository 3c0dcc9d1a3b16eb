"""JSON in UTF-8, whatever the script."""

import json

import pytest

from .shapes import ok, page
from .things import book_fields, unique_word

TITLES = [
    "채식주의자",
    "Les Misérables",
    "雪国 (ゆきぐに)",
    "ألف ليلة وليلة",
    "🐋 or, The Whale",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_kept_and_sent_as_utf_8(librarian, reader, title):
    title = unique_word(f"{title} ")

    book = ok(librarian.post("/books", json=book_fields(title=title)), 201)

    response = reader.get(f"/books/{book['book_id']}")
    assert ok(response)["title"] == title
    assert title.encode() in response.content


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_found(reader, a_book, title):
    word = unique_word()
    book = a_book(title=f"{word} {title}")

    found = page(reader.get("/books", params={"title": f"{word} {title}"}))

    assert found["results"] == [book]


def test_escaped_and_plain_json_mean_the_same(librarian):
    fields = book_fields(title=unique_word("채식주의자"))
    plain = json.dumps(fields, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}

    body = ok(librarian.post("/books", content=plain, headers=headers), 201)

    assert body["title"] == fields["title"]
