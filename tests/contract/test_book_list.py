"""GET /books: filters, order and pages."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from .shapes import BOOK, error, ok, page
from .things import unique_word

ORDERS = {
    "title": (lambda book: book["title"], False),
    "-title": (lambda book: book["title"], True),
    "published_at": (lambda book: book["published_at"], False),
    "-published_at": (lambda book: book["published_at"], True),
}
BAD_PARAMETERS = [
    "tag=abc",
    "tag=-1",
    "tag=1.5",
    "tag=",
    "tag=" + "9" * 30,
    "tag_option=xor",
    "tag_option=AND",
    "order_by=isbn",
    "order_by=--title",
    "order_by=title,stock",
    "page=0",
    "page=-1",
    "page=two",
    "page=1.5",
    "page=last",
    "page=" + "9" * 30,
    "page_size=0",
    "page_size=-1",
    "page_size=501",
    "page_size=many",
    "page_size=" + "9" * 30,
    "title=%00",
    "author=a%00b",
    "after=nowhere",
    "after=1&order_by=title",
]


@pytest.fixture
def shelf(a_book):
    """A function that adds books under a word of their own; gives word and books."""

    def add(*books):
        word = unique_word("shelf")
        return word, [
            a_book(**({"title": f"{word} {number}"} | fields))
            for number, fields in enumerate(books)
        ]

    return add


def ids(books):
    return [book["book_id"] for book in books]


def test_the_list_is_in_the_envelope(reader):
    body = page(reader.get("/books"))

    assert all(set(book) == BOOK for book in body["results"])


def test_a_stranger_sees_no_list(stranger):
    error(stranger.get("/books"), 401)


def test_a_page_has_100_books_by_default_and_500_at_most(reader):
    assert len(page(reader.get("/books"))["results"]) == 100
    assert len(page(reader.get("/books?page_size=500"))["results"]) == 500


def test_the_newest_come_first(reader, shelf):
    word, books = shelf(
        {"published_at": "2001-01-01"},
        {"published_at": "2002-01-01"},
        {"published_at": "2003-01-01"},
    )

    body = page(reader.get(f"/books?title={word}"))

    assert ids(body["results"]) == ids(reversed(books))


@pytest.mark.parametrize("parameter", ["title", "author"])
def test_a_text_filter_finds_any_part_ignoring_case(reader, a_book, parameter):
    word = unique_word("needle")
    inside = a_book(**{parameter: f"hay {word.upper()} hay"})
    a_book(**{parameter: "hay only"})

    body = page(reader.get(f"/books?{parameter}={word[2:].title()}"))

    assert body["results"] == [inside]
    assert body["count"] == 1


@pytest.mark.parametrize("word, other_case", [("über", "ÜBER"), ("ЖУК", "жук")])
def test_case_is_ignored_in_every_script(reader, a_book, word, other_case):
    title = unique_word(word)
    book = a_book(title=title)

    found = page(
        reader.get("/books", params={"title": title.replace(word, other_case)})
    )

    assert found["results"] == [book]


@pytest.mark.parametrize("wildcard", ["%", "_", "\\", "*", "'", '"'])
def test_no_character_is_a_wildcard(reader, a_book, wildcard):
    word = unique_word()
    with_it = a_book(title=f"{word}a{wildcard}b")
    a_book(title=f"{word}axb")

    body = page(reader.get("/books", params={"title": f"{word}a{wildcard}"}))

    assert body["results"] == [with_it]


def test_filters_narrow_each_other(reader, a_book, a_tag):
    word, tag = unique_word(), a_tag()
    both = a_book(title=word, author=word, tags=[tag["tag_id"]])
    a_book(title=word, author=word)
    a_book(title=word, tags=[tag["tag_id"]])
    a_book(author=word, tags=[tag["tag_id"]])

    body = page(reader.get(f"/books?title={word}&author={word}&tag={tag['tag_id']}"))

    assert body["results"] == [both]


@pytest.fixture
def tagged(shelf, a_tag):
    """Two tags, and books with the first, the second, both and none."""
    first, second = a_tag()["tag_id"], a_tag()["tag_id"]
    word, books = shelf(
        {"tags": [first]}, {"tags": [second]}, {"tags": [first, second]}, {}
    )
    return (first, second), dict(zip(("first", "second", "both", "none"), books))


def test_one_tag_needs_no_option(reader, tagged):
    (first, _), books = tagged

    found = page(reader.get(f"/books?tag={first}"))

    assert set(ids(found["results"])) == set(ids([books["first"], books["both"]]))
    assert found["count"] == 2


@pytest.mark.parametrize("option", ["and", "or"])
def test_one_tag_may_have_an_option(reader, tagged, option):
    (first, _), _ = tagged

    assert page(reader.get(f"/books?tag={first}&tag_option={option}"))["count"] == 2


def test_and_means_every_tag(reader, tagged):
    (first, second), books = tagged

    found = page(reader.get(f"/books?tag={first}&tag={second}&tag_option=and"))

    assert found["results"] == [books["both"]]
    assert found["count"] == 1


def test_or_means_any_tag_and_no_book_twice(reader, tagged):
    (first, second), books = tagged

    found = page(reader.get(f"/books?tag={first}&tag={second}&tag_option=or"))

    wanted = [books["first"], books["second"], books["both"]]
    assert sorted(ids(found["results"])) == sorted(ids(wanted))
    assert found["count"] == 3


def test_a_filtered_book_shows_all_of_its_tags(reader, tagged):
    (first, _), books = tagged

    found = page(reader.get(f"/books?tag={first}&order_by=title"))

    assert found["results"] == [books["first"], books["both"]]


def test_two_tags_need_an_option(reader, tagged):
    (first, second), _ = tagged

    error(reader.get(f"/books?tag={first}&tag={second}"), 400, names="tag_option")


@pytest.mark.parametrize("bad", BAD_PARAMETERS)
def test_a_bad_value_is_named(reader, bad):
    error(reader.get(f"/books?{bad}"), 400, names=bad.split("=")[0])


def test_an_unknown_parameter_is_ignored(reader):
    plain = ok(reader.get("/books?page_size=2"))

    assert ok(reader.get("/books?page_size=2&colour=red&tags=x")) == plain


@pytest.mark.parametrize("order", ORDERS)
def test_books_come_in_the_order_asked_for(reader, shelf, order):
    word, _ = shelf(
        {"published_at": "2003-01-01"},
        {"published_at": "2001-01-01"},
        {"published_at": "2004-01-01"},
        {"published_at": "2002-01-01"},
    )
    key, backwards = ORDERS[order]

    found = page(reader.get(f"/books?title={word}&order_by={order}"))["results"]

    assert len(found) == 4
    assert found == sorted(found, key=key, reverse=backwards)


@pytest.mark.parametrize("order", ORDERS)
def test_a_tag_filter_keeps_the_order(reader, shelf, a_tag, order):
    tag = a_tag()["tag_id"]
    shelf(
        *(
            {"published_at": f"200{year}-01-01", "tags": [tag]}
            for year in (3, 1, 5, 2, 4)
        )
    )
    key, backwards = ORDERS[order]

    found = page(reader.get(f"/books?tag={tag}&order_by={order}"))["results"]

    assert len(found) == 5
    assert found == sorted(found, key=key, reverse=backwards)


@pytest.mark.parametrize("order", [None, *ORDERS])
def test_pages_of_equal_books_never_overlap(reader, shelf, order):
    word, books = equal_books(shelf)
    query = f"/books?author={word}&page_size=3" + (
        f"&order_by={order}" if order else ""
    )

    seen = [book for each in pages_from(reader, query) for book in each["results"]]

    assert sorted(ids(seen)) == sorted(ids(books))


def equal_books(shelf):
    word = unique_word("equal")
    same = {"title": word, "author": word, "published_at": "2020-01-01"}
    return word, shelf(*[same] * 10)[1]


def pages_from(person, path):
    while path:
        body = page(person.get(path))
        yield body
        path = body["next"]


def test_next_leads_through_every_page_and_previous_back(reader, shelf):
    word, books = shelf(*[{}] * 5)

    there = list(pages_from(reader, f"/books?title={word}&page_size=2&order_by=title"))
    back = [page(reader.get(each["previous"])) for each in there[1:]]

    assert [len(each["results"]) for each in there] == [2, 2, 1]
    assert [each["count"] for each in there] == [5, 5, 5]
    assert there[0]["previous"] is None
    assert [each["results"] for each in back] == [
        each["results"] for each in there[:-1]
    ]


@pytest.mark.parametrize("order", [None, *ORDERS])
def test_pages_after_a_place_are_the_pages_by_number(reader, shelf, order):
    word, _ = equal_books(shelf)
    query = f"/books?author={word}&page_size=3" + (
        f"&order_by={order}" if order else ""
    )

    by_number, by_place = (
        [book for each in pages_from(reader, start) for book in each["results"]]
        for start in (query, f"{query}&after=")
    )

    assert by_place == by_number


def test_the_next_link_keeps_every_parameter(reader, tagged):
    (first, second), _ = tagged
    query = f"tag={first}&tag={second}&tag_option=or&order_by=-title&page_size=1"

    link = page(reader.get(f"/books?{query}"))["next"]

    asked, given = parse_qsl(query), parse_qsl(urlsplit(link).query)
    assert sorted(given) == sorted([*asked, ("page", "2")])


def test_links_name_the_host_that_was_asked(reader, service):
    name = service.url.replace("127.0.0.1", "localhost").removeprefix("http://")

    link = page(reader.get("/books?page_size=1", headers={"Host": name}))["next"]

    assert urlsplit(link).netloc in ("", name)


def test_a_page_past_the_end_is_not_there(reader):
    response = reader.get("/books?page=900000")

    assert response.status_code in (400, 404)
    error(response, response.status_code)


def test_a_list_of_nothing_is_a_list(reader):
    body = page(reader.get(f"/books?title={unique_word('nothing')}"))

    assert body == {"count": 0, "next": None, "previous": None, "results": []}
