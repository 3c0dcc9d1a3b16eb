"""The servers: the API as it is deployed, and the same without a cache."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lab.hostile_client.accounts import PASSWORD, Account, register
from lab.hostile_client.library import Library
from tests import live, servers

LIBRARIAN = "librarian@example.com"
STORES = {"sqlite": "SQLite and memory", "postgres": "PostgreSQL and Redis"}


class Site:
    """A running API, who asks there, and what there is to read.

    `uncached` is the address of a server without a cache on the same database; empty if
    there is none.
    """

    def __init__(
        self,
        name: str,
        address: str,
        librarian: Account,
        reader: Account | None = None,
        uncached: str = "",
    ) -> None:
        self.name, self.address, self.uncached = name, address, uncached
        self.librarian = librarian
        self.innocent = reader or register(address, "innocent")
        self.hostile = register(address, "hostile")
        readers = [self.innocent.connection(), self.hostile.connection()]
        self.library = Library(librarian.connection(), readers)

    def renew(self) -> None:
        """Make every entry invalid; what is to be answered stays the same."""
        self.library.renew(self.librarian.connection())

    def close(self) -> None:
        """Close the connections."""
        for account in (self.librarian, self.innocent, self.hostile):
            account.close()


@contextlib.contextmanager
def own_site(stores: str, **variables: str) -> Iterator[Site]:
    """Yield a Site with servers of its own, and these variables.

    `stores` is one of STORES. Raises servers.Unavailable if there is no such server.
    """
    with contextlib.ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        urls = stack.enter_context(_stores(stores, folder))
        cached = _environment(folder, "cached", **urls, **variables)
        librarian = {"email": LIBRARIAN, "password": PASSWORD}
        live.manage("migrate", "--verbosity", "0", env=cached)
        live.create_superuser(env=cached, **librarian)
        nowhere = stack.enter_context(servers.refusing_port())
        away = {"REDIS_URL": f"redis://127.0.0.1:{nowhere}/0", "WEB_CONCURRENCY": "1"}
        uncached = _environment(folder, "uncached", **urls | away)
        module = "lab.hostile_client.wsgi"
        address, _ = stack.enter_context(live.gunicorn(cached, module))
        right, _ = stack.enter_context(live.gunicorn(uncached))
        asking = Account(address, **librarian)
        made = Site(STORES[stores], address, asking, uncached=right)
        yield stack.enter_context(contextlib.closing(made))


@contextlib.contextmanager
def running_site(url: str, librarian: str, reader: str) -> Iterator[Site]:
    """Yield the Site of a server that runs already.

    `librarian` and `reader` are EMAIL:PASSWORD. It must be the only client there.
    """
    address = url.rstrip("/") + "/api/v1"
    accounts = [Account(address, *each.split(":", 1)) for each in (librarian, reader)]
    with contextlib.closing(Site(url, address, *accounts)) as made:
        yield made


@contextlib.contextmanager
def _stores(stores, folder):
    if stores == "sqlite":
        url = f"sqlite:///{folder / 'hostile.sqlite3'}"
        yield {"DATABASE_URL": url, "REDIS_URL": "", "WEB_CONCURRENCY": "1"}
        return
    with servers.postgres() as server, servers.new_database(server) as url:
        with servers.own_redis() as redis:
            both = {"DATABASE_URL": url, "REDIS_URL": redis.url}
            yield both | {"WEB_CONCURRENCY": "2"}


def _environment(folder, name, **variables):
    metrics, log = folder / f"{name}-metrics", folder / f"{name}.log"
    metrics.mkdir()
    given = {
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "KEEP_ALIVE_SECONDS": "60",
        # What the server thinks of the requests would be as long as they are.
        "GUNICORN_CMD_ARGS": f"--capture-output --error-logfile {log}",
    }
    url = variables.pop("DATABASE_URL")
    return live.environment(url, **given | variables)
