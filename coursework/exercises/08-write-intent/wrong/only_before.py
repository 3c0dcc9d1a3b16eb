class MemoryStore:
    def add_intent(self, writer: str, changes: Changes) -> None:
        with self.mutex:
            self._renew(changes)

    def finish(self, writer: str, changes: Changes) -> None:
        pass
