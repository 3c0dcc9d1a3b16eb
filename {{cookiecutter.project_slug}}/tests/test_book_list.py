"""GET /books"""

from datetime import date

import pytest

from tests.clients import errors_of, results_of
from tests.factories import BookFactory, TagFactory


def titles(response):
    return [book["title"] for book in results_of(response)]


def test_it_shows_books_as_the_contract_says(reader):
    tag = TagFactory(name="Fiction")
    book = BookFactory(tags=[tag])
    assert results_of(reader.get("/books")) == [
        {
            "book_id": book.pk,
            "isbn": book.isbn,
            "title": book.title,
            "author": "Ada Author",
            "publisher": "Blue Pine Books",
            "stock": 3,
            "published_at": "2020-01-31",
            "tags": [{"tag_id": tag.pk, "name": "Fiction"}],
        }
    ]


def test_it_needs_a_token(nobody):
    assert nobody.get("/books").status_code == 401


def test_the_newest_come_first(reader):
    books = BookFactory.create_batch(3)
    assert titles(reader.get("/books")) == [book.title for book in reversed(books)]


class TestFilters:
    @pytest.fixture(autouse=True)
    def books(self, db):
        self.red, self.blue = TagFactory(), TagFactory()
        BookFactory(title="Both", author="Kim Özlem", tags=[self.red, self.blue])
        BookFactory(title="Red", author="Lee", tags=[self.red])
        BookFactory(title="100% _Blue_", author="한강", tags=[self.blue])

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("title=bo", ["Both"]),
            ("title=ED", ["Red"]),
            ("title=", ["100% _Blue_", "Red", "Both"]),
            ("title=%25", ["100% _Blue_"]),
            ("title=_", ["100% _Blue_"]),
            ("title=nothing", []),
            ("author=kim", ["Both"]),
            ("author=한", ["100% _Blue_"]),
            ("author=ee&title=r", ["Red"]),
            ("author=ÖZLEM", ["Both"]),
            ("unknown=1", ["100% _Blue_", "Red", "Both"]),
        ],
    )
    def test_by_text(self, reader, query, found):
        assert titles(reader.get(f"/books?{query}")) == found

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("tag={red}", ["Red", "Both"]),
            ("tag={red}&tag_option=and", ["Red", "Both"]),
            ("tag={red}&tag={blue}&tag_option=and", ["Both"]),
            ("tag={red}&tag={blue}&tag_option=or", ["100% _Blue_", "Red", "Both"]),
            ("tag={red}&tag={red}", ["Red", "Both"]),
            ("tag=999999", []),
        ],
    )
    def test_by_tag(self, reader, query, found):
        query = query.format(red=self.red.pk, blue=self.blue.pk)
        assert titles(reader.get(f"/books?{query}")) == found

    def test_the_order_holds_under_a_filter(self, reader):
        query = f"tag={self.red.pk}&order_by=title"
        assert titles(reader.get(f"/books?{query}")) == ["Both", "Red"]


class TestOrder:
    @pytest.fixture(autouse=True)
    def books(self, db):
        for title, day in [("B", 2), ("A", 1), ("C", 3), ("A", 2)]:
            BookFactory(title=title, published_at=date(2020, 1, day), author=str(day))

    @pytest.mark.parametrize(
        ("order_by", "found"),
        [
            ("title", ["A2", "A1", "B2", "C3"]),
            ("-title", ["C3", "B2", "A2", "A1"]),
            ("published_at", ["A1", "A2", "B2", "C3"]),
            ("-published_at", ["C3", "A2", "B2", "A1"]),
        ],
    )
    def test_it_is_total(self, reader, order_by, found):
        books = results_of(reader.get(f"/books?order_by={order_by}"))
        assert [book["title"] + book["author"] for book in books] == found


class TestPages:
    @pytest.fixture(autouse=True)
    def books(self, db):
        self.books = BookFactory.create_batch(5, title="Same")

    def test_they_never_overlap(self, reader):
        seen = []
        path = "/books?order_by=title&page_size=2"
        while path:
            body = reader.get(path).json()
            seen += [book["book_id"] for book in body["results"]]
            path = (body["next"] or "").partition("/api/v1")[2]
        assert seen == [book.pk for book in reversed(self.books)]

    def test_links_keep_the_filters_and_drop_what_is_unknown(self, reader):
        first = reader.get("/books?x=1&page_size=2&title=SAME&order_by=title").json()
        query = "page=2&page_size=2&title=same&order_by=title"
        assert first["count"] == 5
        assert first["next"] == f"http://testserver/api/v1/books?{query}"
        assert first["previous"] is None
        second = reader.get(f"/books?{query}").json()
        assert second["previous"].endswith("/books?" + query.removeprefix("page=2&"))

    def test_each_page_links_to_its_neighbours(self, reader):
        pages = [reader.get(f"/books?page={n}&page_size=1").json() for n in (2, 3, 5)]
        links = [(page["previous"], page["next"]) for page in pages]
        asked = [
            tuple(link and link.partition("?")[2] for link in two) for two in links
        ]
        assert asked == [
            ("page_size=1", "page=3&page_size=1"),
            ("page=2&page_size=1", "page=4&page_size=1"),
            ("page=4&page_size=1", None),
        ]

    def test_a_page_has_100_books_unless_asked_otherwise(self, reader):
        BookFactory.create_batch(100)
        assert len(results_of(reader.get("/books"))) == 100
        assert len(results_of(reader.get("/books?page_size=500"))) == 105

    def test_past_the_end_is_not_there(self, reader):
        assert reader.get("/books?page=2").status_code == 404

    def test_an_empty_library_has_one_page(self, librarian):
        for book in self.books:
            book.delete()
        assert results_of(librarian.get("/books?page=1")) == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=abc", "page"),
        ("page=", "page"),
        ("page=1.5", "page"),
        ("page=99999999999999999999", "page"),
        ("page_size=0", "page_size"),
        ("page_size=501", "page_size"),
        ("page_size=many", "page_size"),
        ("tag=abc", "tag"),
        ("tag=", "tag"),
        ("tag=0", "tag"),
        ("tag=1&tag=x&tag_option=or", "tag"),
        ("tag=99999999999999999999", "tag"),
        ("tag=1&tag=2", "tag_option"),
        ("tag_option=xor", "tag_option"),
        ("tag=1&tag=2&tag_option=AND", "tag_option"),
        ("order_by=stock", "order_by"),
        ("order_by=%3F", "order_by"),
        ("order_by=", "order_by"),
        ("title=%00", "title"),
        ("title=" + "x" * 256, "title"),
        ("author=" + "x" * 256, "author"),
        ("&".join(f"tag={n}" for n in range(1, 22)) + "&tag_option=or", "tag"),
    ],
)
def test_a_bad_value_is_a_400_that_names_the_parameter(reader, query, parameter):
    response = reader.get(f"/books?{query}")
    assert response.status_code == 400, response.content
    assert list(errors_of(response)) == [parameter]
