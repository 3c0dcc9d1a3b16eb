class BookDetail:
    cached = Cached("books:detail", Table("books"), Table("tags"))
