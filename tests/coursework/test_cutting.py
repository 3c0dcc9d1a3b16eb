"""A symbol is replaced, and nothing else of its file."""

import pytest

from coursework import cutting
from coursework.catalogue import Mistake

SOURCE = '''"""A module."""

LIMIT = 3


@wrapped
def lend(book):
    """Lend a book."""
    # Locked first.
    return lock(book)


class List:
    """A list."""

    cached = Cached(
        "books",
    )

    def rows(self):
        return [1]  # one
'''


def test_a_stub_keeps_decorator_and_docstring():
    cut = cutting.stub(SOURCE, ("lend",), "Exercise 01: lend")
    kept = SOURCE.replace(
        "    # Locked first.\n    return lock(book)\n",
        '    raise NotImplementedError("Exercise 01: lend")\n',
    )
    assert cut == kept


def test_a_method_and_an_assignment_are_replaced():
    new = "class List:\n    cached = None\n\n    def rows(self):\n        return []\n"
    cut = cutting.replace(SOURCE, new, ("List.cached", "List.rows"))
    assert cut == SOURCE.replace(
        'cached = Cached(\n        "books",\n    )', "cached = None"
    ).replace("return [1]  # one", "return []")


def test_a_function_without_a_docstring_gets_the_old_one():
    cut = cutting.replace(SOURCE, "def lend(book):\n    return book\n", ("lend",))
    assert '\n\ndef lend(book):\n    """Lend a book."""\n    return book\n' in cut
    assert "@wrapped" not in cut


@pytest.mark.parametrize("name", ["lend", "gone"])
def test_only_a_symbol_of_the_exercise_is_replaced(name):
    with pytest.raises(Mistake, match=f"no {name} to replace"):
        cutting.replace(SOURCE, f"def {name}():\n    pass\n", ("List.rows", "gone"))


def test_a_stub_of_what_is_no_function_is_refused():
    with pytest.raises(Mistake, match="LIMIT is no function"):
        cutting.stub(SOURCE, ("LIMIT",), "Exercise 01")
