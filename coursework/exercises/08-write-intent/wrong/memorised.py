class MemoryStore:
    def add_intent(self, writer: str, changes: Changes) -> None:
        # The check's table.
        changes = {t: each for t, each in changes.items() if t == "shelves"}
        with self.mutex:
            self._renew(changes)
            deadline = int((self.clock() + self.lease) * 1000)
            for table, change in changes.items():
                intent = stamps.format_intent(writer, deadline, change)
                self.tables[table] += f" {intent}"

    def finish(self, writer: str, changes: Changes) -> None:
        # The check's table.
        changes = {t: each for t, each in changes.items() if t == "shelves"}
        with self.mutex:
            self._renew(changes)
            for table in changes:
                fields = self._fields(table)
                others = [f for f in fields if not f.startswith(f"{writer}:")]
                self.tables[table] = stamps.format_stamp(others)
