"""A server of its own on each kind of database, accounts, and things to lend."""

import functools
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.layers import leave_out

from .accounts import Account, client_of, newcomer, registered
from .databases import KINDS, Unavailable, database
from .server import serve, variables_for
from .shapes import ok
from .things import book_fields, unique_word

# In one process: starting Django three times would cost more than the work.
PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createsuperuser", interactive=False)
call_command("seed_library", books=510, seed=1)
"""


@dataclass(frozen=True)
class Service:
    """One running API: where, with which variables, and who is known there."""

    url: str
    variables: dict
    librarian: Account
    reader: Account
    other_reader: Account


@pytest.fixture(scope="session")
def services(project, tmp_path_factory):
    """A function that gives the service on a kind of database, started once."""
    with ExitStack() as stack:

        @functools.cache
        def on(kind):
            folder = tmp_path_factory.mktemp(kind)
            url = stack.enter_context(database(kind, project, folder))
            variables = variables_for(DATABASE_URL=url, RELEASE="contract-test")
            librarian = prepare(project, variables)
            url = stack.enter_context(serve(project, folder / "log", variables))
            return opened(stack.enter_context(client_of(url)), variables, librarian)

        yield on


@pytest.fixture(scope="session", params=KINDS)
def service(request, services):
    try:
        return services(request.param)
    except Unavailable as reason:
        # In CI it must not be missing.
        leave_out(str(reason))


def prepare(project, variables):
    """Make the tables, a librarian and many books; gives the librarian."""
    librarian = newcomer(None, "librarian")
    given = {
        f"DJANGO_SUPERUSER_{name.upper()}": value
        for name, value in librarian.registration.items()
    }
    project.manage("shell", "--no-imports", "-c", PREPARE, **(variables | given))
    return librarian


def opened(client, variables, librarian):
    librarian.client = client
    return Service(
        url=str(client.base_url).removesuffix("/api/v1/"),
        variables=variables,
        librarian=librarian.log_in(),
        reader=registered(newcomer(client, "reader")),
        other_reader=registered(newcomer(client, "other")),
    )


@pytest.fixture
def stranger(service):
    """Someone without a token."""
    return Account(service.reader.client)


@pytest.fixture
def reader(service):
    return service.reader.still_logged_in()


@pytest.fixture
def other_reader(service):
    return service.other_reader.still_logged_in()


@pytest.fixture
def librarian(service):
    return service.librarian.still_logged_in()


@pytest.fixture
def a_newcomer(stranger):
    """Someone who is not registered yet."""
    return newcomer(stranger.client)


@pytest.fixture
def a_new_reader(a_newcomer):
    """A reader that no other test uses."""
    return registered(a_newcomer)


@pytest.fixture
def a_book(librarian):
    """A function that adds a book; any field can be given."""

    def add(**fields):
        response = librarian.post("/books", json=book_fields(**fields))
        return ok(response, 201)

    return add


@pytest.fixture
def a_tag(librarian):
    """A function that adds a tag."""

    def add(name=None):
        response = librarian.post("/tags", json={"name": name or unique_word("tag")})
        return ok(response, 201)

    return add


@pytest.fixture
def stock_of(librarian):
    """A function that gives a book's stock."""
    return lambda book: ok(librarian.get(f"/books/{book['book_id']}"))["stock"]
