class BookList:
    cached = Cached(
        "books:list",
        Selection("books", "book_id"),
        query=canonical(BookQuerySerializer),
    )


class BookDetail:
    cached = Cached("books:detail", Row("books", "book_id"))


class BookTags:
    cached = Cached(
        "books:tags", Row("books", "book_id"), query=canonical(PageQuerySerializer)
    )
