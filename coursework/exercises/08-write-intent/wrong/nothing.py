class MemoryStore:
    def add_intent(self, writer: str, changes: Changes) -> None:
        pass

    def finish(self, writer: str, changes: Changes) -> None:
        pass
