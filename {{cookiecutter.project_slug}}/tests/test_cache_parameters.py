"""For each parameter of each cached list: whatever it chooses by invalidates it.

The parameters are those that the lists declare; a new one fails here until it has an
example. A list of other rows than books and tags needs no example if any write to their
table invalidates it (`Table`).
"""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from books.models import Book
from caching.dependencies import Selection
from tests.caches import cached_views, empty, result_of
from tests.clients import API
from tests.factories import BookFactory, TagFactory

MODELS = {"books": Book}
# The tables of whose rows `url` makes some.
MADE = {"books", "tags"}
IN_PATH = r"<int:(\w+)>"
# BookFactory never makes this one.
ISBN = "9788937460449"
# What to send for a parameter. `{choice}` stands for each value that it accepts.
EXAMPLES = {
    "page": ["page=2&page_size=1"],
    "page_size": ["page_size=1"],
    "title": ["title=bridge&page_size=1"],
    "author": ["author=bridge"],
    "tag": ["tag={tag}"],
    "tag_option": ["tag={tag}&tag={other_tag}&tag_option={choice}&page_size=1"],
    "order_by": [
        "order_by={choice}&page_size=1",
        "order_by={choice}&title=bridge&author=bridge&tag={tag}",
    ],
    "after": ["after=&page_size=1", "after={place}", "after=N:1&order_by=title"],
}
# By the model's field: what keeps a book off the first page of the examples that
# choose by it, and what may bring it there.
CHANGES = {
    "title": ("Mmm", ["A bridge", "Z bridge"]),
    "author": ("Nobody", ["Bridge"]),
    "tags": ([], [["tag", "other_tag"], ["tag"]]),
    "published_at": ("2000-01-02", ["1900-01-01", "2100-01-01"]),
}


def selections_of(view):
    return [each for each in view.cached.depends_on if isinstance(each, Selection)]


def is_tried(view):
    """Return whether a view is a list that this file knows a way to make stale."""
    tables = {table for table, *_ in view.cached.depends_on}
    return bool(view.cached.query and (selections_of(view) or tables <= MADE))


LISTS = {
    path.removeprefix(API): view for path, view in cached_views() if is_tried(view)
}


def examples():
    for path, view in LISTS.items():
        for name, field in view.query_serializer_class().fields.items():
            for query in EXAMPLES.get(name, []):
                for choice in getattr(field, "choices", [""]):
                    yield path, query.replace("{choice}", choice)


EACH = pytest.mark.parametrize(("path", "query"), dict.fromkeys(examples()))


@pytest.fixture
def url(transactional_db):
    """Return a function that makes an address of an example; some of it is shown."""
    tag, other_tag = TagFactory.create_batch(2)
    shown = {"author": "Bridge", "tags": [tag, other_tag]}
    other = BookFactory(title="Mmm", author="Nobody", published_at="2000-01-02")
    BookFactory(title="Bridge B", published_at="2000-01-01", **shown)
    last = BookFactory(title="The bridge", published_at="2000-01-03", **shown)
    empty()
    names = {"tag": tag.pk, "other_tag": other_tag.pk, "place": last.pk + 1}

    def make(path, query):
        path = re.sub(IN_PATH, lambda found: str(make.in_path[found[1]]), path)
        return f"{path}?{query.format(**names)}"

    make.in_path = {"book_id": last.pk, "tag_id": tag.pk}
    make.other = f"/books/{other.pk}"
    make.ids = names
    return make


def chosen_by(queries, model):
    """Return the fields of the model in WHERE and ORDER BY, but for its key."""
    table = model._meta.db_table
    found = [re.match(rf'SELECT (.*?) FROM "{table}"(.*)', q["sql"]) for q in queries]
    text = " ".join(_by_name(*match.groups()) for match in found if match)
    columns = set(re.findall(rf'"{table}"\."(\w+)"', text))
    fields = {f.name for f in model._meta.concrete_fields if f.column in columns}
    linked = {f.name for f in model._meta.many_to_many if f.m2m_db_table() in text}
    return (fields | linked) - {model._meta.pk.name}


def _by_name(selected, rest):
    # In `ORDER BY 3 DESC` the number stands for the third column that is selected.
    columns = selected.split(", ")
    return re.sub(r"\b(\d+)(?= ASC| DESC)", lambda n: columns[int(n[1]) - 1], rest)


def test_each_parameter_has_an_example(url):
    declared = [view.query_serializer_class().fields for view in LISTS.values()]
    assert set(EXAMPLES) == {name for fields in declared for name in fields}
    in_paths = {name for path in LISTS for name in re.findall(IN_PATH, path)}
    assert in_paths <= set(url.in_path)


def test_each_list_that_depends_on_chosen_rows_is_known():
    assert "/books" in LISTS
    tables = {each.table for view in LISTS.values() for each in selections_of(view)}
    assert tables == set(MODELS), "make some rows in `url`, and give examples"


@pytest.mark.once
@pytest.mark.parametrize("view", LISTS.values(), ids=lambda view: view.__name__)
def test_the_cache_and_the_view_read_the_same_parameters(view):
    serializer = view.query_serializer_class
    names = list(serializer.query_class.__dataclass_fields__)
    assert sorted(names) == sorted(serializer().fields)


@EACH
def test_the_fields_in_the_sql_are_the_fields_used(url, reader, path, query):
    view, address = LISTS[path], url(path, query)
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        assert reader.get(address).status_code == 200
    _, used = view.cached.query(address.partition("?")[2])
    for selection in selections_of(view):
        found = chosen_by(queries.captured_queries, MODELS[selection.table])
        assert found == used | selection.fields


def fresh(reader, address):
    """Return what an answer shows, after checking it against the uncached one."""
    response = reader.get(address)
    with transaction.atomic():
        expected = reader.get(address)
    assert result_of(expected) == "BYPASS"
    assert response.json() == expected.json(), f"stale: {result_of(response)}"
    return response.json()


def warm(reader, address):
    """Store the answer, after the one without parameters."""
    reader.get(address.partition("?")[0] + "?page_size=1")
    before = fresh(reader, address)
    assert result_of(reader.get(address)) == "HIT"
    return before


@EACH
@pytest.mark.parametrize("name", CHANGES)
def test_a_write_to_a_field_leaves_no_list_stale(
    url, reader, librarian, path, query, name
):
    def patch(**changes):
        if "tags" in changes:
            changes["tags"] = [url.ids[each] for each in changes["tags"]]
        assert librarian.patch(url.other, changes).status_code == 200

    address, changed = url(path, query), False
    outside, inside = CHANGES[name]
    for value in inside:
        patch(**{each: values[0] for each, (_, values) in CHANGES.items()})
        patch(**{name: outside})
        before = warm(reader, address)
        patch(**{name: value})
        changed |= fresh(reader, address) != before
    if selections_of(LISTS[path]):
        _, used = LISTS[path].cached.query(address.partition("?")[2])
        assert changed or name not in used


@EACH
def test_what_comes_and_goes_leaves_no_list_stale(url, reader, librarian, path, query):
    address = url(path, query)
    tags = [url.ids["tag"], url.ids["other_tag"]]
    book = {"title": "A bridge", "author": "Bridge", "published_at": "1999-01-01"}
    book |= {"isbn": ISBN, "stock": 1, "tags": tags}
    for added, sent in [("/books", book), ("/tags", {"name": "New"})]:
        before = warm(reader, address)
        response = librarian.post(added, sent)
        assert response.status_code == 201, response.content
        after = fresh(reader, address)
        if path == added:
            assert after != before
        warm(reader, address)
        [(_, pk)] = [
            x for x in response.json().items() if x[0] in ("book_id", "tag_id")
        ]
        assert librarian.delete(f"{added}/{pk}").status_code == 204
        assert fresh(reader, address) == before
