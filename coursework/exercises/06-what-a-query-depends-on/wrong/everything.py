class PageQuery:
    def fields_used(self) -> frozenset[str]:
        return frozenset(["title", "author", "tags", "published_at", "stock"])
