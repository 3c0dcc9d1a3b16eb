"""POST /books; GET, PUT, PATCH, DELETE /books/{book_id}; GET /books/{id}/tags"""

from functools import partial

import pytest

from books.models import Book, Tag
from books.sample import isbn
from books.services import create_book, update_book
from common.errors import Conflict
from tests.clients import Client, errors_of, results_of
from tests.crowd import all_at_once
from tests.factories import BookFactory, LoanFactory, TagFactory, UserFactory

ISBN = "9788937460449"


def body(**changes):
    book = {
        "isbn": ISBN,
        "title": "The Vegetarian",
        "author": "한강",
        "publisher": "창비",
        "stock": 2,
        "published_at": "2007-10-30",
        "tags": [],
    }
    return book | changes


class TestCreate:
    def test_it_answers_with_the_book_and_its_place(self, librarian):
        tag = TagFactory()
        response = librarian.post("/books", body(tags=[tag.pk]))
        book_id = Book.objects.get().pk
        shown = body(tags=[{"tag_id": tag.pk, "name": tag.name}])
        assert response.status_code == 201
        assert response.json() == {"book_id": book_id} | shown
        place = f"/api/v1/books/{book_id}"
        assert response["Location"] == f"http://testserver{place}"
        assert librarian.get(f"/books/{book_id}").json() == response.json()

    def test_the_publisher_may_be_left_out(self, librarian):
        sent = body()
        del sent["publisher"]
        assert librarian.post("/books", sent).json()["publisher"] == ""

    @pytest.mark.parametrize(
        "field", ["isbn", "title", "author", "stock", "published_at", "tags"]
    )
    def test_it_names_a_missing_field(self, librarian, field):
        sent = body()
        del sent[field]
        response = librarian.post("/books", sent)
        assert response.status_code == 400
        assert errors_of(response) == {field: "required"}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("isbn", "9788937460448"),
            ("isbn", "978-8937460449"),
            ("isbn", "1234567890123"),
            ("isbn", "89374604"),
            ("isbn", "978893746044９"),
            ("title", ""),
            ("title", "x" * 256),
            ("title", None),
            ("title", "nul\x00"),
            ("author", "  "),
            ("stock", -1),
            ("stock", "many"),
            ("stock", 1.5),
            ("stock", 10**30),
            ("published_at", "yesterday"),
            ("published_at", "2024-02-30"),
            ("tags", None),
            ("tags", "1"),
            ("tags", [999_999]),
        ],
    )
    def test_a_bad_value_names_its_field(self, librarian, field, value):
        response = librarian.post("/books", body(**{field: value}))
        assert response.status_code == 400, response.content
        assert list(errors_of(response)) == [field]
        assert not Book.objects.exists()

    @pytest.mark.parametrize("value", [["a"], [{"tag_id": 1}], [0], [10**30], [None]])
    def test_tags_are_ids(self, librarian, value):
        response = librarian.post("/books", body(tags=value))
        assert response.status_code == 400
        assert list(errors_of(response))[0].startswith("tags")

    def test_one_isbn_is_one_book(self, librarian):
        librarian.post("/books", body())
        response = librarian.post("/books", body(title="Another"))
        assert response.status_code == 400
        assert errors_of(response) == {"isbn": "unique"}

    @pytest.mark.parametrize("sent", [[], "text", 1, None])
    def test_a_body_is_an_object(self, librarian, sent):
        response = librarian.post("/books", sent)
        assert response.status_code == 400
        assert errors_of(response)

    @pytest.mark.django_db(transaction=True)
    def test_of_many_at_once_with_one_isbn_one_is_added(self):
        librarian = UserFactory(is_staff=True)
        add = [lambda: Client(librarian).post("/books", body()).status_code] * 8
        statuses = all_at_once(add)
        assert statuses.count(201) == 1
        assert set(statuses) <= {201, 400, 409}


class TestUpdate:
    def test_put_replaces(self, librarian):
        book = BookFactory(tags=[TagFactory()])
        tag = TagFactory()
        response = librarian.put(f"/books/{book.pk}", body(tags=[tag.pk]))
        shown = body(tags=[{"tag_id": tag.pk, "name": tag.name}])
        assert response.status_code == 200
        assert response.json() == {"book_id": book.pk} | shown

    def test_patch_changes_what_is_given(self, librarian):
        tag = TagFactory()
        book = BookFactory(tags=[tag])
        response = librarian.patch(f"/books/{book.pk}", {"stock": 9})
        assert response.json()["stock"] == 9
        assert response.json()["title"] == book.title
        assert response.json()["publisher"] == book.publisher
        assert response.json()["tags"] == [{"tag_id": tag.pk, "name": tag.name}]

    def test_patch_of_the_tags_leaves_the_rest(self, librarian):
        book = BookFactory(tags=[TagFactory()])
        response = librarian.patch(f"/books/{book.pk}", {"tags": []})
        assert response.json()["tags"] == []
        assert response.json()["isbn"] == book.isbn

    def test_a_book_may_keep_its_isbn_but_not_take_anothers(self, librarian):
        book, other = BookFactory(), BookFactory()
        path = f"/books/{book.pk}"
        assert librarian.patch(path, {"isbn": book.isbn}).status_code == 200
        response = librarian.patch(path, {"isbn": other.isbn})
        assert errors_of(response) == {"isbn": "unique"}

    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_an_unknown_book_is_not_there(self, librarian, method):
        response = getattr(librarian, method)("/books/999999", body())
        assert response.status_code == 404


class TestDelete:
    def test_the_book_is_gone(self, librarian):
        book = BookFactory()
        response = librarian.delete(f"/books/{book.pk}")
        assert (response.status_code, response.content) == (204, b"")
        assert librarian.get(f"/books/{book.pk}").status_code == 404
        assert librarian.delete(f"/books/{book.pk}").status_code == 404

    def test_not_while_copies_are_on_loan(self, librarian):
        loan = LoanFactory()
        path = f"/books/{loan.book_id}"
        response = librarian.delete(path)
        assert response.status_code == 409
        assert errors_of(response) == {None: "conflict"}
        librarian.patch(f"/loans/{loan.pk}", {"is_returned": True})
        assert librarian.delete(path).status_code == 204


@pytest.mark.django_db(transaction=True)
class TestTagsThatGo:
    """A tag may be deleted after the body was read and before the book is written."""

    @pytest.fixture
    def gone(self):
        tag = TagFactory()
        Tag.objects.filter(pk=tag.pk).delete()
        return tag

    def test_no_new_book_has_one(self, gone):
        with pytest.raises(Conflict):
            create_book(**body(tags=[TagFactory(), gone]))
        assert not Book.objects.exists()

    def test_an_old_book_gets_none_and_stays_as_it_was(self, gone):
        book = BookFactory(tags=[TagFactory()])
        with pytest.raises(Conflict):
            update_book(book_id=book.pk, title="Another", tags=[gone])
        book.refresh_from_db()
        assert book.title != "Another"
        assert book.tags.exists()

    def test_of_both_at_once_neither_fails(self):
        user = UserFactory(is_staff=True)
        for turn in range(5):
            tag = TagFactory()
            sent = body(isbn=isbn(turn), tags=[tag.pk])
            written, deleted = all_at_once(
                [
                    partial(Client(user).post, "/books", sent),
                    partial(Client(user).delete, f"/tags/{tag.pk}"),
                ]
            )
            assert written.status_code in (201, 400, 409)
            assert deleted.status_code == 204


class TestWhoMayWrite:
    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_not_a_reader(self, reader, method):
        book = BookFactory()
        assert getattr(reader, method)(f"/books/{book.pk}").status_code == 403

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_not_without_a_token(self, nobody, method):
        book = BookFactory()
        assert getattr(nobody, method)(f"/books/{book.pk}").status_code == 401

    def test_a_reader_adds_none(self, reader, nobody):
        assert reader.post("/books", body()).status_code == 403
        assert nobody.post("/books", body()).status_code == 401


class TestTagsOfABook:
    def test_a_reader_sees_them(self, reader):
        tags = TagFactory.create_batch(3)
        book = BookFactory(tags=tags[:2])
        assert results_of(reader.get(f"/books/{book.pk}/tags")) == [
            {"tag_id": tag.pk, "name": tag.name} for tag in tags[:2]
        ]

    def test_of_an_unknown_book_they_are_not_there(self, reader, nobody):
        assert reader.get("/books/999999/tags").status_code == 404
        assert nobody.get("/books/999999/tags").status_code == 401
