"""What can be read: each address in two spellings, and the books to expect there."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from hypothesis import strategies as st

from books.models import Book

WORDS = ("amber", "birch", "cedar", "amber birch", "dune")
ORDERS = ("title", "-title", "published_at", "-published_at")


@dataclass(frozen=True)
class Address:
    """A kind of answer, the number of the object, and the query's parameters."""

    kind: str
    number: int = 0
    parameters: dict = field(default_factory=dict)
    # Parameters without a meaning.
    noise: tuple = ()

    def spellings(self, ids):
        """Return two paths with the same meaning; `ids` are those of books and tags."""
        path = self._path(ids)
        plain = [
            (name, value)
            for name, values in self.parameters.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        odd = [(n, v.upper() if n in ("title", "author") else v) for n, v in plain]
        odd = [*reversed(odd), *self.noise, *(pair for pair in plain if "tag" in pair)]
        return [f"{path}?{urlencode(pairs)}" for pairs in (plain, odd)]

    def _path(self, ids):
        books, tags = (pick(ids[name], self.number) for name in ("books", "tags"))
        return {
            "books": "/books",
            "book": f"/books/{books}",
            "tags of book": f"/books/{books}/tags",
            "tags": "/tags",
            "tag": f"/tags/{tags}",
        }[self.kind]


def pick(ids, number):
    """Return one of the ids; 0, which no object has, if there are none."""
    return ids[number % len(ids)] if ids else 0


sizes = {"page_size": st.sampled_from([1, 2, 3])}
pages = st.fixed_dictionaries({}, optional={"page": st.integers(1, 2)} | sizes)
# The other kind of page that the list of books has.
first_pages = st.fixed_dictionaries({"after": st.just("")}, optional=sizes)
filters = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["amber", "a", "birch", "nothing"]),
        "author": st.sampled_from(["ada", "or"]),
        "tag": st.lists(st.integers(0, 3), min_size=1, max_size=3),
        "order_by": st.sampled_from(ORDERS),
    },
)
noise = st.sampled_from(
    [(), (("nonsense", "1"),), (("utm_source", "x"), ("title", ""))]
)
numbers = st.integers(0, 5)
options = st.sampled_from(["and", "or"])


def book_list(chosen, page, option, noise):
    """Return the address of a list of books."""
    if len(set(chosen.get("tag", ()))) > 1:
        chosen = chosen | {"tag_option": option}
    noise = () if "title" in chosen else noise
    return Address("books", 0, chosen | page, noise)


addresses = st.one_of(
    st.builds(book_list, filters, pages, options, noise),
    st.builds(book_list, filters, pages | first_pages, options, noise),
    st.builds(Address, st.sampled_from(["book", "tag"]), numbers),
    st.builds(Address, st.sampled_from(["tags of book"]), numbers, pages),
    st.builds(Address, st.just("tags"), st.just(0), pages),
)


def expected_books(parameters):
    """Return the ids that a page of the list must show, filtered in Python."""
    books = [_Shown(book) for book in Book.objects.prefetch_related("tags")]
    books = [book for book in books if book.matches(parameters)]
    books.sort(key=lambda book: book.pk, reverse=True)
    if order := parameters.get("order_by"):
        name, backwards = order.lstrip("-"), order.startswith("-")
        books.sort(key=lambda book: getattr(book, name), reverse=backwards)
    page, size = parameters.get("page", 1), parameters.get("page_size", 100)
    return [book.pk for book in books[(page - 1) * size : page * size]]


class _Shown:
    def __init__(self, book):
        self.pk, self.title, self.author = book.pk, book.title, book.author
        self.published_at = book.published_at
        self.tags = {tag.pk for tag in book.tags.all()}

    def matches(self, parameters):
        wanted = set(parameters.get("tag", ()))
        found = wanted & self.tags
        tagged = found if parameters.get("tag_option") == "or" else found == wanted
        return (
            (tagged or not wanted)
            and parameters.get("title", "") in self.title
            and parameters.get("author", "") in self.author.lower()
        )
