"""Readers ask for each other's loans, by list and by number."""

import random

from course.marks import Client, shown, wrong
from tests.factories import BookFactory, LoanFactory, UserFactory


def check(seed):
    """Let each of some readers, and a librarian, ask for every loan."""
    data = random.Random(seed)
    users = UserFactory.create_batch(2 + data.randrange(3))
    books = BookFactory.create_batch(2)
    owners = [data.choice(users) for _ in range(4)] + users
    # Several loans each, so that no loan's number is its reader's.
    loans = [LoanFactory(user=each, book=data.choice(books)) for each in owners]
    for user in users:
        check_reader(user, loans, books)
    check_librarian(UserFactory(is_staff=True), loans, books)


def check_reader(user, loans, books):
    """Ask for all loans as one reader."""
    client = Client(user)
    for loan in loans:
        path, own = f"/loans/{loan.pk}", loan.user_id == user.pk
        answer = client.get(path)
        evidence = [f"reader {user.pk}: {shown('GET', path, answer)}"]
        if own and answer.status_code != 200:
            wrong("own_hidden", evidence)
        if not own and answer.status_code == 200:
            wrong("stranger_sees", evidence, owner=loan.user_id, reader=user.pk)
        if not own and answer.status_code != 404:
            wrong("tells_it_exists", evidence, status=answer.status_code)
    lists = {"/loans": loans}
    lists |= {f"/loans/books/{b.pk}": [e for e in loans if e.book == b] for b in books}
    for path, those in lists.items():
        check_list(client, path, {each.pk for each in those if each.user == user})


def check_librarian(user, loans, books):
    """Ask for all loans as a librarian, who sees them."""
    client = Client(user)
    check_list(client, "/loans", {each.pk for each in loans}, "librarian")
    path = f"/loans/{loans[0].pk}"
    answer = client.get(path)
    if answer.status_code != 200:
        wrong("librarian", f"librarian: {shown('GET', path, answer)}")


def check_list(client, path, wanted, key="list"):
    """Compare a list with the loans that belong in it."""
    answer = client.get(path)
    listed = {each["loan_id"] for each in answer.json().get("results", [])}
    if listed != wanted:
        evidence = f"GET {path}: loans {sorted(listed)}, should be {sorted(wanted)}"
        wrong(key, evidence, path=path)
