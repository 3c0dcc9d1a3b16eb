class BookTags:
    cached = Cached("books:tags", Row("books", "book_id"), Table("tags"))
