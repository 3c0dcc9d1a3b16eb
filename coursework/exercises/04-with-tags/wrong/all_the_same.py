def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    tags = list(Tag.objects.filter(books__in=book_ids).distinct().order_by("pk"))
    every = [{"tag_id": tag.pk, "name": tag.name} for tag in tags]
    return {book_id: every for book_id in book_ids}
