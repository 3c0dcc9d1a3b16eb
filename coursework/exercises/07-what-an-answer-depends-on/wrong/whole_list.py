class BookList:
    cached = Cached(
        "books:list",
        Table("books"),
        Table("tags"),
        query=canonical(BookQuerySerializer),
    )
