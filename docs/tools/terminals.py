"""The terminals of a page: each a bash of its own, as a reader has them."""

from docs.tools.shell import Shell


class Terminals:
    """Opens a terminal when a page first names it, where the first one is."""

    def __init__(self, folder, env, scratch):
        self.folder = folder
        self.env = env
        self.scratch = scratch
        self.open = {}

    def __getitem__(self, number):
        if number not in self.open:
            first = self.open.get(1)
            folder = first.folder if first else self.folder
            self.open[number] = Shell(folder, self.env, self.scratch)
        return self.open[number]

    def stop_servers(self):
        for shell in self.open.values():
            shell.stop_server()

    def close(self):
        for shell in self.open.values():
            shell.close()
