def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    tags: dict[int, list[Document]] = defaultdict(list)
    for book_id in book_ids:
        linked = Tag.objects.filter(books=book_id).order_by("pk")
        tags[book_id] = [{"tag_id": tag.pk, "name": tag.name} for tag in linked]
    return tags
