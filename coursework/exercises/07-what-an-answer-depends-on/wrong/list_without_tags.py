class BookList:
    cached = Cached(
        "books:list",
        Selection("books", "book_id"),
        query=canonical(BookQuerySerializer),
    )
