class PageQuery:
    def fields_used(self) -> frozenset[str]:
        return frozenset(lookup.partition("__")[0] for lookup in self.lookups())
