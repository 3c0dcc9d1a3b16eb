"""Cached reads: X-Cache, strong ETags, 304, and never another byte."""

import pytest

from .shapes import nothing, ok, page
from .things import unique_word

WORDS = {"HIT", "MISS", "BYPASS"}


@pytest.fixture
def book(a_book, a_tag):
    return a_book(tags=[a_tag()["tag_id"]])


@pytest.fixture(params=["list", "book", "tags of a book", "tags", "tag"])
def path(request, book):
    """Each kind of cached read, about a book that no other test touches."""
    title = book["title"].replace(" ", "%20")
    return {
        "list": f"/books?title={title}",
        "book": f"/books/{book['book_id']}",
        "tags of a book": f"/books/{book['book_id']}/tags",
        "tags": "/tags?page_size=500",
        "tag": f"/tags/{book['tags'][0]['tag_id']}",
    }[request.param]


@pytest.fixture
def change(librarian, book):
    """A function that changes what every one of these reads shows."""

    def rename():
        path, name = f"/tags/{book['tags'][0]['tag_id']}", unique_word("renamed")
        return ok(librarian.put(path, json={"name": name}))

    return rename


def word(response):
    assert response.headers["X-Cache"] in WORDS
    return response.headers["X-Cache"]


def test_the_second_reader_gets_a_hit(reader, other_reader, path):
    reader.get(path)

    assert word(other_reader.get(path)) == "HIT"


def test_a_hit_is_byte_identical_to_a_miss(reader, path, change):
    change()
    miss, hit = reader.get(path), reader.get(path)

    assert (word(miss), word(hit)) == ("MISS", "HIT")
    assert miss.content == hit.content
    assert miss.headers["ETag"] == hit.headers["ETag"]
    assert miss.headers["Content-Type"] == hit.headers["Content-Type"]


def test_a_change_is_seen_at_once(reader, path, change):
    reader.get(path)
    before = reader.get(path)
    tag = change()

    after = reader.get(path)

    assert word(after) == "MISS"
    assert tag["name"] in after.text
    assert after.headers["ETag"] != before.headers["ETag"]


def test_the_etag_is_strong(reader, path):
    etag = reader.get(path).headers["ETag"]

    assert etag.startswith('"') and etag.endswith('"')


@pytest.mark.parametrize("spelling", ["{}", '"other", {}', "W/{}", "*"])
def test_a_matching_etag_gets_no_body(reader, path, spelling):
    etag = reader.get(path).headers["ETag"]
    headers = {"If-None-Match": spelling.format(etag)}

    response = reader.get(path, headers=headers)

    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["ETag"] == etag
    word(response)


@pytest.mark.parametrize("spelling", ['"other"', "nonsense", ""])
def test_any_other_etag_gets_the_body(reader, path, spelling):
    body = reader.get(path).content

    response = reader.get(path, headers={"If-None-Match": spelling})

    assert response.status_code == 200
    assert response.content == body


def test_an_old_etag_gets_the_new_body(reader, path, change):
    etag = reader.get(path).headers["ETag"]
    tag = change()

    response = reader.get(path, headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert tag["name"] in response.text


def test_a_cached_answer_still_needs_a_token(stranger, reader, path):
    etag = reader.get(path).headers["ETag"]

    assert stranger.get(path).status_code == 401
    assert stranger.get(path, headers={"If-None-Match": etag}).status_code == 401


def test_every_page_is_cached_as_itself(reader, a_book):
    """The seed left the page out of the key."""
    author = unique_word("author")
    books = [a_book(author=author) for _ in range(4)]
    paths = [f"/books?author={author}&page_size=2&page={n}" for n in (1, 2)]

    for _ in range(2):
        seen = [book for path in paths for book in page(reader.get(path))["results"]]
        assert sorted(seen, key=lambda book: book["book_id"]) == books


@pytest.mark.parametrize("same", ["&colour=red", "&page=1", "&page_size=100"])
def test_the_same_question_in_other_words_is_a_hit(reader, a_book, same):
    path = f"/books?title={a_book()['title'].split()[1]}"
    reader.get(path)

    assert word(reader.get(path + same)) == "HIT"


def test_the_order_of_tags_and_parameters_does_not_matter(reader, a_tag):
    first, second = a_tag()["tag_id"], a_tag()["tag_id"]
    reader.get(f"/books?tag={first}&tag={second}&tag_option=or")

    response = reader.get(f"/books?tag_option=or&tag={second}&tag={first}")

    assert word(response) == "HIT"


def test_links_in_a_hit_name_the_host_that_was_asked(reader, service):
    """The seed handed out another client's host."""
    own = service.url.removeprefix("http://")
    other = own.replace("127.0.0.1", "localhost")
    path = "/books?page_size=7"

    for host in (own, other, own):
        link = page(reader.get(path, headers={"Host": host}))["next"]
        assert link.startswith((f"http://{host}/", "/"))


def test_a_deleted_book_leaves_no_copy_behind(librarian, reader, book):
    path = f"/books/{book['book_id']}"
    listed = f"/books?title={book['title'].replace(' ', '%20')}"
    for _ in range(2):
        ok(reader.get(path))
        assert page(reader.get(listed))["count"] == 1

    nothing(librarian.delete(path))

    assert reader.get(path).status_code == 404
    assert page(reader.get(listed))["count"] == 0


def test_errors_are_not_cached(reader, librarian, book):
    bad = reader.get("/books?page=0")

    assert bad.status_code == 400
    assert "ETag" not in bad.headers
