"""Uses the API through a client that openapi-python-client made of its document.

A program of its own, in an environment that has the generator; as its arguments it
takes the address, a librarian's email and the password.
"""

import datetime
import sys

from library_client import AuthenticatedClient, Client
from library_client.api.auth import (
    auth_login_create,
    auth_logout_all_create,
    auth_logout_create,
    auth_password_create,
)
from library_client.api.books import (
    books_create,
    books_destroy,
    books_list,
    books_partial_update,
    books_retrieve,
    books_tags_list,
    books_update,
)
from library_client.api.common import health_check
from library_client.api.loans import (
    loans_books_list,
    loans_create,
    loans_list,
    loans_partial_update,
    loans_retrieve,
)
from library_client.api.tags import (
    tags_create,
    tags_destroy,
    tags_list,
    tags_retrieve,
    tags_update,
)
from library_client.api.token import token_refresh_create
from library_client.api.users import users_create, users_list, users_retrieve
from library_client.models import (
    BookWriteRequest,
    BorrowRequest,
    ChangePasswordRequest,
    Error,
    LoginRequest,
    PatchedBookWriteRequest,
    PatchedReturnRequest,
    RefreshTokenRequest,
    RegistrationRequest,
    TagRequest,
)

ISBN = "9780306406157"


def logged_in(address, email, password):
    """Return a client with a token."""
    client = Client(base_url=address)
    assert health_check.sync(client=client).status.value == "ok"
    login = LoginRequest(email=email, password=password)
    tokens = auth_login_create.sync(client=client, body=login)
    return AuthenticatedClient(base_url=address, token=tokens.access_token)


def read_the_lists(client):
    """Read all books, page by page: by number, and after a place."""
    first = books_list.sync(client=client, after="")
    assert len(first.results) == 100 and first.previous is None
    seen, after = [], ""
    while True:
        page = books_list.sync(client=client, after=after, page_size=500)
        seen += [book.book_id for book in page.results]
        if page.next_ is None:
            break
        after = str(seen[-1])
    assert len(seen) == len(set(seen)) == page.count
    last = books_list.sync(client=client, page=2, page_size=500)
    assert [book.book_id for book in last.results] == seen[500:]
    for each in (tags_list, loans_list, users_list):
        page = each.sync(client=client)
        assert len(page.results) == min(page.count, 100)


def write(client):
    """Add a tag and a book, change it, lend it, and take it back."""
    tag = tags_create.sync(client=client, body=TagRequest(name="Generated"))
    sent = BookWriteRequest(
        isbn=ISBN,
        title="A generated book",
        author="Ada Author",
        publisher="A press",
        stock=1,
        published_at=datetime.date(2020, 1, 31),
        tags=[tag.tag_id],
    )
    book = books_create.sync(client=client, body=sent)
    change = PatchedBookWriteRequest(title="A changed book")
    books_partial_update.sync(book.book_id, client=client, body=change)
    shown = books_retrieve.sync(book.book_id, client=client)
    assert (shown.title, shown.tags[0].name) == ("A changed book", "Generated")
    assert shown.publisher == "A press", "PATCH sent what was not changed"
    lent = BorrowRequest(book_id=book.book_id)
    loan = loans_create.sync(client=client, body=lent)
    assert (loan.quantity, loan.is_returned, loan.returned_at) == (1, False, None)
    refused(loans_create.sync_detailed(client=client, body=lent), 409, "conflict")
    back = PatchedReturnRequest(is_returned=True)
    returned = loans_partial_update.sync(loan.loan_id, client=client, body=back)
    assert returned.is_returned and returned.returned_at is not None
    refused(books_create.sync_detailed(client=client, body=sent), 400, "unique")
    assert loans_retrieve.sync(loan.loan_id, client=client) == returned
    of_book = loans_books_list.sync(book.book_id, client=client)
    assert of_book.results == [returned]
    replace_and_remove(client, book.book_id, tag.tag_id, sent)


def replace_and_remove(client, book_id, tag_id, sent):
    """Replace a tag and a book by others, and delete them."""
    renamed = tags_update.sync(tag_id, client=client, body=TagRequest(name="Renamed"))
    assert tags_retrieve.sync(tag_id, client=client) == renamed
    assert books_tags_list.sync(book_id, client=client).results == [renamed]
    replaced = books_update.sync(book_id, client=client, body=sent)
    assert replaced.title == sent.title
    for remove, pk in ((books_destroy, book_id), (tags_destroy, tag_id)):
        assert remove.sync_detailed(pk, client=client).status_code == 204


def come_and_go(address):
    """Register, renew the tokens, change the password, and log out."""
    stranger, password = Client(base_url=address), "a long unlikely phrase"
    who = {"email": "generated@example.com", "password": password}
    body = RegistrationRequest(username="generated", **who)
    user = users_create.sync(client=stranger, body=body)
    tokens = auth_login_create.sync(client=stranger, body=LoginRequest(**who))
    old = RefreshTokenRequest(refresh_token=tokens.refresh_token)
    tokens = token_refresh_create.sync(client=stranger, body=old)
    reader = AuthenticatedClient(base_url=address, token=tokens.access_token)
    assert users_retrieve.sync(user.user_id, client=reader) == user
    change = ChangePasswordRequest(password=password, new_password=password + "!")
    tokens = auth_password_create.sync(client=reader, body=change)
    reader = AuthenticatedClient(base_url=address, token=tokens.access_token)
    body = RefreshTokenRequest(refresh_token=tokens.refresh_token)
    out = auth_logout_create.sync_detailed(client=reader, body=body)
    assert out.status_code == 204
    out = auth_logout_all_create.sync_detailed(client=reader)
    assert out.status_code == 204


def refused(answer, status, code):
    """Check an error as the client reads it."""
    assert answer.status_code == status and isinstance(answer.parsed, Error)
    assert [error.code for error in answer.parsed.errors] == [code]


def main():
    client = logged_in(*sys.argv[1:])
    read_the_lists(client)
    write(client)
    come_and_go(sys.argv[1])
    refused(books_retrieve.sync_detailed(999_999, client=client), 404, "not_found")
    stranger = AuthenticatedClient(base_url=sys.argv[1], token="none")
    answer = users_list.sync_detailed(client=stranger)
    assert answer.status_code == 401 and isinstance(answer.parsed, Error)


main()
