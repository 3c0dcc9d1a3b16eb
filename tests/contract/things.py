"""Books, tags and words that no other test has."""

import secrets

from demo.walk import new_isbn


def unique_word(prefix="word"):
    return f"{prefix}{secrets.token_hex(6)}"


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
