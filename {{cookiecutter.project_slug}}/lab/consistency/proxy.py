"""A proxy between the API and Redis that fails on command.

`python -m lab.consistency.proxy` prints its port, then reads commands, one a line:

    to PORT     where Redis is
    pass        let everything through
    refuse      cut every connection, and accept no new one
    hold        hold everything back until the next command
    flaky       cut a connection at one message in ten, at random, in both directions

Each is answered with `done`.
"""

import asyncio
import random
import sys

FLAKY_SHARE = 0.1
CHUNK = 1 << 16


class Proxy:
    """Copies bytes between its clients and Redis."""

    def __init__(self):
        self.mode, self.port = "pass", None
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.clients = set()

    async def obey(self, line):
        """Carry out a command."""
        word, *arguments = line.split()
        if word == "to":
            self.port = int(arguments[0])
            self.cut()
            return
        self.mode = word
        if word == "refuse":
            self.cut()
        if word == "hold":
            self.flowing.clear()
        else:
            self.flowing.set()

    def cut(self):
        """End every connection at once."""
        for client in self.clients:
            client.transport.abort()

    async def serve(self, reader, writer):
        """Connect a client to Redis until one of the two is gone."""
        self.clients.add(writer)
        server = None
        try:
            if self.mode == "refuse":
                return
            theirs, server = await asyncio.open_connection("127.0.0.1", self.port)
            async with asyncio.TaskGroup() as both:
                both.create_task(self.copy(reader, server))
                both.create_task(self.copy(theirs, writer))
        except (OSError, ExceptionGroup):
            pass
        finally:
            self.clients.discard(writer)
            for end in filter(None, (writer, server)):
                end.transport.abort()

    async def copy(self, reader, writer):
        """Copy one direction; raise ConnectionError at its end."""
        while data := await reader.read(CHUNK):
            await self.flowing.wait()
            if self.mode == "flaky" and random.random() < FLAKY_SHARE:
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionAbortedError


async def main():
    """Serve until the commands end."""
    proxy = Proxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        await proxy.obey(line)
        print("done", flush=True)
    proxy.cut()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
