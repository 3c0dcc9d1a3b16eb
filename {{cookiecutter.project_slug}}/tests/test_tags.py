"""GET, POST /tags; GET, PUT, DELETE /tags/{tag_id}"""

import pytest

from books.models import Tag
from tests.clients import Client, errors_of, results_of
from tests.crowd import all_at_once
from tests.factories import BookFactory, TagFactory, UserFactory


def test_readers_list_them(reader):
    tags = TagFactory.create_batch(2)
    assert results_of(reader.get("/tags")) == [
        {"tag_id": tag.pk, "name": tag.name} for tag in tags
    ]
    assert len(results_of(reader.get("/tags?page_size=1&page=2"))) == 1


def test_readers_see_one(reader):
    tag = TagFactory()
    response = reader.get(f"/tags/{tag.pk}")
    assert response.json() == {"tag_id": tag.pk, "name": tag.name}
    assert reader.get("/tags/999999").status_code == 404


def test_a_librarian_adds_one(librarian):
    response = librarian.post("/tags", {"name": "소설"})
    tag = Tag.objects.get()
    assert response.status_code == 201
    assert response.json() == {"tag_id": tag.pk, "name": "소설"}
    assert response["Location"].endswith(f"/api/v1/tags/{tag.pk}")


@pytest.mark.parametrize("name", ["", " ", None, "x" * 51, {"tag_id": 1}])
def test_a_bad_name_is_refused(librarian, name):
    response = librarian.post("/tags", {"name": name})
    assert response.status_code == 400
    assert list(errors_of(response)) == ["name"]


def test_a_name_is_unique_ignoring_case(librarian):
    TagFactory(name="Größe")
    other = TagFactory(name="Other")
    for response in (
        librarian.post("/tags", {"name": "grÖße"}),
        librarian.put(f"/tags/{other.pk}", {"name": "Größe"}),
    ):
        assert response.status_code == 400
        assert errors_of(response) == {"name": "unique"}


def test_renaming_reaches_the_books(librarian):
    tag = TagFactory()
    book = BookFactory(tags=[tag])
    response = librarian.put(f"/tags/{tag.pk}", {"name": "New"})
    assert response.json() == {"tag_id": tag.pk, "name": "New"}
    shown = librarian.get(f"/books/{book.pk}").json()["tags"]
    assert shown == [{"tag_id": tag.pk, "name": "New"}]


def test_a_tag_may_change_its_case(librarian):
    tag = TagFactory(name="fiction")
    assert librarian.put(f"/tags/{tag.pk}", {"name": "Fiction"}).status_code == 200


def test_deleting_unlinks_it(librarian):
    tag = TagFactory()
    book = BookFactory(tags=[tag])
    assert librarian.delete(f"/tags/{tag.pk}").status_code == 204
    assert librarian.get(f"/books/{book.pk}").json()["tags"] == []
    assert librarian.delete(f"/tags/{tag.pk}").status_code == 404
    assert librarian.put(f"/tags/{tag.pk}", {"name": "x"}).status_code == 404


def test_a_reader_writes_none(reader, nobody):
    tag = TagFactory()
    for client, status in ((reader, 403), (nobody, 401)):
        assert client.post("/tags", {"name": "x"}).status_code == status
        assert client.put(f"/tags/{tag.pk}", {"name": "x"}).status_code == status
        assert client.delete(f"/tags/{tag.pk}").status_code == status
    assert nobody.get("/tags").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_with_one_name_one_is_added():
    user = UserFactory(is_staff=True)
    add = [lambda: Client(user).post("/tags", {"name": "Art"}).status_code] * 8
    statuses = all_at_once(add)
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 400, 409}
