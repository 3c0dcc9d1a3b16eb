"""/tags: everyone reads them, librarians keep them."""

import pytest

from .shapes import TAG, error, nothing, ok, page
from .things import unique_word

NOT_THERE = ["999999999", "0", "9" * 30, "one"]


def path_to(tag):
    return f"/tags/{tag['tag_id']}"


def test_a_librarian_adds_a_tag(librarian):
    name = unique_word("Science ")

    body = ok(librarian.post("/tags", json={"name": name}), 201)

    assert set(body) == TAG
    assert body["name"] == name


def test_everyone_with_a_token_lists_the_tags(reader, librarian, a_tag):
    tag = a_tag()

    assert tag in list(every_tag(reader))
    assert list(every_tag(reader)) == list(every_tag(librarian))


def every_tag(person):
    path = "/tags?page_size=500"
    while path:
        body = page(person.get(path))
        yield from body["results"]
        path = body["next"]


def test_tags_come_in_pages_that_never_overlap(reader, a_tag):
    for _ in range(3):
        a_tag()

    first = page(reader.get("/tags?page_size=2"))
    second = page(reader.get(first["next"]))

    seen = [tag["tag_id"] for tag in first["results"] + second["results"]]
    assert len(set(seen)) == 4
    assert page(reader.get(second["previous"]))["results"] == first["results"]


@pytest.mark.parametrize("bad", ["page=0", "page=x", "page_size=501", "page_size=0"])
def test_a_bad_page_of_tags_is_named(reader, bad):
    error(reader.get(f"/tags?{bad}"), 400, names=bad.split("=")[0])


def test_everyone_with_a_token_sees_a_tag(reader, a_tag):
    tag = a_tag()

    assert ok(reader.get(path_to(tag))) == tag


@pytest.mark.parametrize("prefix", ["history", "Größe", "ЖУК"])
def test_a_name_is_unique_ignoring_case(librarian, a_tag, prefix):
    tag = a_tag(unique_word(prefix))

    for name in (tag["name"], tag["name"].upper(), tag["name"].lower()):
        # The capital of ß is SS: that is another spelling, not another case.
        if name.lower() == tag["name"].lower():
            error(librarian.post("/tags", json={"name": name}), 400, names="name")


@pytest.mark.parametrize("bad", ["", "   ", None, "t" * 10_000, "nul\x00", ["a"], {}])
def test_a_bad_name_is_refused(librarian, a_tag, bad):
    error(librarian.post("/tags", json={"name": bad}), 400, names="name")
    error(librarian.put(path_to(a_tag()), json={"name": bad}), 400, names="name")


def test_a_tag_needs_a_name(librarian, a_tag):
    error(librarian.post("/tags", json={}), 400, names="name")
    error(librarian.put(path_to(a_tag()), json={}), 400, names="name")


def test_a_renamed_tag_is_renamed_on_its_books(librarian, reader, a_tag, a_book):
    tag = a_tag()
    book = a_book(tags=[tag["tag_id"]])
    ok(reader.get(f"/books?tag={tag['tag_id']}"))
    name = unique_word("renamed")

    body = ok(librarian.put(path_to(tag), json={"name": name}))

    renamed = tag | {"name": name}
    assert body == renamed
    assert ok(reader.get(path_to(tag))) == renamed
    assert ok(reader.get(f"/books/{book['book_id']}"))["tags"] == [renamed]
    listed = page(reader.get(f"/books?tag={tag['tag_id']}"))["results"]
    assert [each["tags"] for each in listed] == [[renamed]]


def test_a_tag_may_change_the_case_of_its_own_name(librarian, a_tag):
    tag = a_tag()

    body = ok(librarian.put(path_to(tag), json={"name": tag["name"].upper()}))

    assert body["name"] == tag["name"].upper()


def test_a_tag_takes_no_other_tags_name(librarian, a_tag):
    tag, other = a_tag(), a_tag()
    fields = {"name": other["name"].upper()}

    error(librarian.put(path_to(tag), json=fields), 400, names="name")


def test_deleting_a_tag_unlinks_it_from_its_books(librarian, reader, a_tag, a_book):
    tag, other = a_tag(), a_tag()
    book = a_book(tags=[tag["tag_id"], other["tag_id"]])
    path = f"/books/{book['book_id']}"
    ok(reader.get(path))

    nothing(librarian.delete(path_to(tag)))

    error(reader.get(path_to(tag)), 404)
    assert ok(reader.get(path)) == book | {"tags": [other]}
    assert page(reader.get(f"{path}/tags"))["results"] == [other]
    assert tag not in list(every_tag(reader))


def test_a_reader_changes_no_tag(reader, a_tag):
    tag = a_tag()

    error(reader.post("/tags", json={"name": unique_word()}), 403)
    error(reader.put(path_to(tag), json={"name": unique_word()}), 403)
    error(reader.delete(path_to(tag)), 403)
    assert ok(reader.get(path_to(tag))) == tag


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("nobody", NOT_THERE)
def test_a_tag_that_is_not_there_is_not_found(librarian, method, nobody):
    fields = {"name": unique_word()} if method == "PUT" else None

    error(librarian.request(method, f"/tags/{nobody}", json=fields), 404)
