class Cached:
    def read(
        self, release: str, place: str, raw: str, arguments: Arguments
    ) -> tuple[str, CacheSpec]:
        query, fields = self.query(raw) if self.query else ("", NOTHING)
        known = ("page", "page_size", "title", "author", "tag", "order_by")
        pairs = [each for each in raw.split("&") if each.split("=")[0] in known]
        parts = [self.name, *arguments.values(), _digest(place, "&".join(pairs))]
        bound = tuple(each.bind(arguments, fields) for each in self.depends_on)
        return query, CacheSpec(reads.entry_key(release, *parts), bound)
