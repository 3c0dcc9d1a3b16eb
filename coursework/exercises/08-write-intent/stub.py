class MemoryStore:
    def add_intent(self, writer: str, changes: Changes) -> None:
        """Add a write's intent, and renew the tokens of all stamps that it changes."""

    def finish(self, writer: str, changes: Changes) -> None:
        with self.mutex:
            self._renew(changes)
