def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    books = Book.objects.filter(pk__in=book_ids).prefetch_related("tags")
    return {
        book.pk: [{"tag_id": tag.pk, "name": tag.name} for tag in book.tags.all()]
        for book in books
    }
