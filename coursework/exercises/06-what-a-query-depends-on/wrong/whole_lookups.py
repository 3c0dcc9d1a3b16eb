class PageQuery:
    def fields_used(self) -> frozenset[str]:
        ordered = {name.removeprefix("-") for name in self.order()}
        return frozenset(ordered | set(self.lookups()))
