class PageQuery:
    def fields_used(self) -> frozenset[str]:
        filtered = [lookup.partition("__")[0] for lookup in self.lookups()]
        ordered = [name.removeprefix("-") for name in self.order()]
        return frozenset([name for name in filtered if name == "title"] + ordered)
