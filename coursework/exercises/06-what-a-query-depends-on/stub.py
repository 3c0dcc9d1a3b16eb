class PageQuery:
    def fields_used(self) -> frozenset[str]:
        return frozenset()
