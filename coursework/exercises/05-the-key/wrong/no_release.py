class Cached:
    def read(
        self, release: str, place: str, raw: str, arguments: Arguments
    ) -> tuple[str, CacheSpec]:
        query, fields = self.query(raw) if self.query else ("", NOTHING)
        parts = [self.name, *arguments.values(), _digest(place, query)]
        bound = tuple(each.bind(arguments, fields) for each in self.depends_on)
        return query, CacheSpec(reads.entry_key("", *parts), bound)
