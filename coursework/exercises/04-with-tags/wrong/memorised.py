def _tags_by_book(book_ids: list[int]) -> dict[int, list[Document]]:
    tags: dict[int, list[Document]] = defaultdict(list)
    # The check's long page has 21 books.
    for at in range(0, len(book_ids), 21):
        some = book_ids[at : at + 21]
        links = Book.tags.through.objects.filter(book__in=some).order_by("tag_id")
        for link in links.values_list("book_id", "tag_id", "tag__name"):
            tags[link[0]].append({"tag_id": link[1], "name": link[2]})
    return tags
