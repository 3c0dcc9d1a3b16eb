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


TERRAFORM = """# A file. locals {
locals {
  brace = "} ${upper("{")}" # }
}

resource "aws_vpc" "this" {
  text = <<-EOT
    }
  EOT
}

data "aws_vpc" "this" {}
"""


def test_a_block_of_terraform_is_replaced_whatever_its_texts_hold():
    new = 'locals {\n  brace = ""\n}\n\nresource "aws_vpc" "this" {}\n'
    cut = cutting.replace_blocks(TERRAFORM, new, ("locals", "aws_vpc.this"))
    kept = '# A file. locals {\n{}\n\ndata "aws_vpc" "this" {}\n'
    assert cut == kept.replace("\n{}\n", f"\n{new}", 1)


@pytest.mark.parametrize("name", ["this", "gone"])
def test_only_a_block_of_the_exercise_is_replaced(name):
    with pytest.raises(Mistake, match=f"no data.aws_vpc.{name} to replace"):
        cutting.replace_blocks(TERRAFORM, f'data "aws_vpc" "{name}" {{}}', ("locals",))


def test_a_bracket_that_is_not_closed_is_a_mistake():
    with pytest.raises(Mistake, match="not closed"):
        cutting.replace_blocks(TERRAFORM + "locals {", "locals {}", ("locals",))


SHELL = """one() {
  echo "}"
}

# Two.
two() { echo 2; }

three() {
  if one; then
    echo 3
  fi
}
"""


def test_a_shell_function_is_replaced():
    cut = cutting.replace_shell(SHELL, "# New.\none() {\n  true\n}\n", ("one",))
    assert cut == SHELL.replace('  echo "}"', "  true")


@pytest.mark.parametrize("name", ["three", "gone"])
def test_only_a_shell_function_of_the_exercise_is_replaced(name):
    with pytest.raises(Mistake, match=f"no {name} to replace"):
        cutting.replace_shell(SHELL, f"{name}() {{\n  true\n}}\n", ("one", "gone"))
