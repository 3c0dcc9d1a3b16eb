"""Made-up books that look real. The same seed gives the same books."""

import random
from datetime import date, timedelta

from books.isbn import check_digit
from books.models import Book

TAGS = (
    "Fiction History Science Poetry Travel Philosophy Art Music Economics Biography "
    "Programming Nature Mystery Children Cooking Psychology Law Medicine Mathematics "
    "Architecture"
).split()

FIRST_NAMES = (
    "Jiwoo Minseo Seojun Haeun Dohyun Yuna Hannah Oliver Amara Mateo Ingrid Kenji "
    "Leila Tomasz Priya Lucas Nadia Samuel Chloe Emeka"
).split()
LAST_NAMES = (
    "Kim Lee Park Choi Jung Kang Cho Yoon Lim Han Okafor Lindqvist Moreau Tanaka "
    "Rossi Novak Haddad Silva Fischer Murphy"
).split()
PUBLISHERS = (
    "Hangang Press",
    "Blue Pine Books",
    "Namsan House",
    "Harbour & Sons",
    "Paper Lantern",
    "Northlight Editions",
    "Moonrise",
    "Open Stacks",
)
ADJECTIVES = (
    "Quiet Hidden Last Endless Broken Golden Distant Forgotten Brief Patient Burning "
    "Silver Restless Ordinary Secret Winter"
).split()
NOUNS = (
    "River Garden Letter City Orchard Lighthouse Machine Harbour Forest Map Clock "
    "Kitchen Mountain Archive Bridge Island Library Window"
).split()
PATTERNS = (
    "The {adjective} {noun}",
    "A {adjective} {noun}",
    "The {noun} and the {other}",
    "{adjective} {noun}s",
    "A Brief History of the {noun}",
    "Notes from the {noun}",
    "The {noun} of {name}",
    "How the {noun} Works",
    "Letters to a {adjective} {noun}",
)
FIRST_DAY, DAYS = date(1950, 1, 1), 27_000
# 979-11 is South Korea's prefix. It leaves seven digits for the book's number.
ISBN_PREFIX = "97911"
MAX_BOOKS = 10**7


def isbn(number: int) -> str:
    """Return the valid ISBN-13 of the book with this number, from 0."""
    first_twelve = f"{ISBN_PREFIX}{number:07d}"
    return first_twelve + check_digit(first_twelve)


def book(number: int, seed: int) -> Book:
    """Return an unsaved Book. It depends on the number and the seed alone."""
    dice = _dice(number, seed)
    title = dice.choice(PATTERNS).format(
        adjective=dice.choice(ADJECTIVES),
        noun=dice.choice(NOUNS),
        other=dice.choice(NOUNS),
        name=dice.choice(LAST_NAMES),
    )
    return Book(
        isbn=isbn(number),
        title=title,
        author=f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}",
        publisher=dice.choice(PUBLISHERS),
        stock=dice.randint(1, 9),
        published_at=FIRST_DAY + timedelta(days=dice.randrange(DAYS)),
    )


def tag_names(number: int, seed: int) -> list[str]:
    """Return the names of the one to three tags of the book with this number."""
    dice = _dice(number, f"{seed}-tags")
    return dice.sample(TAGS, dice.randint(1, 3))


def _dice(number: int, seed: int | str) -> random.Random:
    return random.Random(f"{seed}-{number}")
