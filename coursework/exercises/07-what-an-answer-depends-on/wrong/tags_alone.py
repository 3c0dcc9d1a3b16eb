class BookTags:
    cached = Cached("books:tags", Table("tags"), query=canonical(PageQuerySerializer))
