"""Books, tags and words that no other test has."""

import secrets


def unique_word(prefix="word"):
    return f"{prefix}{secrets.token_hex(6)}"


def with_check_digit(first_twelve):
    """The 13 digits of the ISBN that starts with these twelve."""
    total = sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(first_twelve))
    return f"{first_twelve}{-total % 10}"


def new_isbn():
    return with_check_digit(f"979{secrets.randbelow(10**9):09}")


def book_fields(**changes):
    """What a librarian sends to add a book; a field of None is left out."""
    fields = {
        "isbn": new_isbn(),
        "title": unique_word("Title "),
        "author": unique_word("Author "),
        "publisher": "Contract Press",
        "stock": 5,
        "published_at": "2024-02-29",
        "tags": [],
    }
    fields |= changes
    return {name: value for name, value in fields.items() if value is not None}
