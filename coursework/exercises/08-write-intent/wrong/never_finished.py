class MemoryStore:
    def add_intent(self, writer: str, changes: Changes) -> None:
        with self.mutex:
            self._renew(changes)
            deadline = int((self.clock() + self.lease) * 1000)
            for table, change in changes.items():
                intent = stamps.format_intent(writer, deadline, change)
                self.tables[table] += f" {intent}"

    def finish(self, writer: str, changes: Changes) -> None:
        with self.mutex:
            self._renew(changes)
