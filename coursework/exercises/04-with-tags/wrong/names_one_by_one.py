def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    links = Book.tags.through.objects.filter(book__in=book_ids).order_by("tag_id")
    tags: dict[int, list[Document]] = defaultdict(list)
    for link in links:
        tags[link.book_id].append({"tag_id": link.tag_id, "name": link.tag.name})
    return tags
