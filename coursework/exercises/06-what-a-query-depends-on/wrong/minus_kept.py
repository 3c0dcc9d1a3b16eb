class PageQuery:
    def fields_used(self) -> frozenset[str]:
        filtered = {lookup.partition("__")[0] for lookup in self.lookups()}
        return frozenset(filtered | set(self.order()))
