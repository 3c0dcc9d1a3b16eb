"""ISBN-13 (ISO 2108)."""

import unicodedata

from django.core.exceptions import ValidationError

PREFIXES = ("978", "979")


def check_digit(first_twelve: str) -> str:
    """Return the check digit (a string) for the first twelve digits of an ISBN-13."""
    weighted = sum(
        int(digit) * (3 if position % 2 else 1)
        for position, digit in enumerate(first_twelve)
    )
    return str(-weighted % 10)


def without_hyphens(value: str) -> str:
    """Return an ISBN as it is stored: books print it with hyphens or spaces."""
    kept = (char for char in value if unicodedata.category(char) not in ("Pd", "Zs"))
    return "".join(kept)


def validate_isbn13(value: str) -> None:
    """Raise ValidationError unless `value` is 13 digits with a right check digit."""
    if len(value) != 13 or not (value.isascii() and value.isdecimal()):
        raise ValidationError("An ISBN is 13 digits without hyphens.", "invalid_isbn")
    if not value.startswith(PREFIXES):
        raise ValidationError("An ISBN begins with 978 or 979.", "invalid_isbn")
    if value[12] != check_digit(value[:12]):
        raise ValidationError("The ISBN's check digit is wrong.", "invalid_isbn")
