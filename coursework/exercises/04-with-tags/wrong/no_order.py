def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    links = Book.tags.through.objects.filter(book__in=book_ids).order_by("-id")
    tags: dict[int, list[Document]] = defaultdict(list)
    for book_id, tag_id, name in links.values_list("book_id", "tag_id", "tag__name"):
        tags[book_id].append({"tag_id": tag_id, "name": name})
    return tags
