"""Pages of the book list, which may hold a million books."""

from dataclasses import replace

from books import selectors
from books.documents import Document, Rows
from books.keyset import Place, rows_after
from books.queries import BookQuery, read_place
from caching.counts import KeptCount
from caching.dependencies import Selection, Table
from common.pagination import Pages

# Up to this many matches, sorting them all is no slower than scanning the index of the
# order until a page is full. Often it takes a tenth of the time. (Measured with a
# million books.)
FEW_BOOKS = 3500


class BookPages(Pages):
    """Pages by number, or after a place in the order (`after`). Caches their count."""

    kept_count = KeptCount("books:count", Selection("books", "book_id"), Table("tags"))
    query: BookQuery
    counted: int | None = None

    def count_rows(self, rows: Rows) -> int:
        """Return how many books match, from the cache if it has the count."""
        if self.counted is None:
            self.counted = self.kept_count.get_or_count(self.query.filters(), rows)
        return self.counted

    def cut(self, rows: Rows) -> list[Document]:
        """Return the page's rows; set `count`, and `next` and `previous` (queries)."""
        if self._texts_find_few(rows):
            rows = selectors.sort_when_found(rows, self.query)
        if self.query.after is None:
            return super().cut(rows)
        self.count = self.count_rows(rows)
        if self.query.after:
            place = read_place(self.query.after, self.query.order_by)
            rows = rows_after(rows, self.query.order_by, place)
        # One row more than the page shows: if it is there, another page follows.
        found = list(rows[: self.query.page_size + 1])
        shown = found[: self.query.page_size]
        self.next = self._query_after(shown[-1]) if len(found) > len(shown) else None
        self.previous = None
        return shown

    def _texts_find_few(self, rows: Rows) -> bool:
        # PostgreSQL first finds the books by their texts, then filters those by tag.
        if not selectors.has_trigrams(self.query) or self.count_rows(rows) > FEW_BOOKS:
            return False
        if not self.query.tag:
            return True
        texts = self.query.without("tag").filters()
        return (
            self.kept_count.get_or_count(texts, selectors.find_books(texts))
            <= FEW_BOOKS
        )

    def _query_after(self, row: Document) -> BookQuery:
        column = self.query.order_by.removeprefix("-")
        place = Place(row[column] if column else None, row["book_id"])
        return replace(self.query, after=str(place))
