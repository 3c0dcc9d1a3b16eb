"""ISBN-13"""

import pytest
from django.core.exceptions import ValidationError

from books.isbn import check_digit, validate_isbn13

pytestmark = pytest.mark.once


# The example of the ISBN Users' Manual, one with check digit 0, one with 979.
@pytest.mark.parametrize("isbn", ["9780306406157", "9780545010221", "9791186560488"])
def test_right_ones_pass(isbn):
    assert check_digit(isbn[:12]) == isbn[12]
    validate_isbn13(isbn)


@pytest.mark.parametrize("isbn", ["9780306406157"])
def test_every_changed_digit_is_found(isbn):
    for place in range(3, 13):
        for digit in set("0123456789") - {isbn[place]}:
            with pytest.raises(ValidationError):
                validate_isbn13(isbn[:place] + digit + isbn[place + 1 :])


@pytest.mark.parametrize(
    "isbn",
    [
        "",
        "978030640615",
        "97803064061577",
        "978-0306406157",
        "９７８０３０６４０６１５７",
    ],
)
def test_other_forms_do_not(isbn):
    with pytest.raises(ValidationError):
        validate_isbn13(isbn)
