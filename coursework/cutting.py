"""Puts other code in the place of a symbol: a stub, or a wrong solution.

A symbol is a function, a method or an assignment: `borrow`, `LoanDetail.get_queryset`,
`BookList.cached`. It is found with `ast`, so the real code needs no marks. In a
Terraform file it is a block: `locals`, `aws_vpc.this`, `data.aws_ami.latest`; in
a shell script a function: `rollback`. All else in the file stays as it is, byte by
byte.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from coursework.catalogue import Mistake
from coursework.student.blocks import items

Functions = (ast.FunctionDef, ast.AsyncFunctionDef)


def symbols(source: str) -> dict[str, ast.stmt]:
    """Return the statements of a module, and of its classes, by their symbol."""
    return dict(_symbols(ast.parse(source).body, ""))


def _symbols(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, Functions):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _symbols(node.body, f"{node.name}.")
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield prefix + node.targets[0].id, node


def replace(source: str, replacement: str, allowed: tuple[str, ...]) -> str:
    """Return `source` with the symbols of `replacement` in the place of its own.

    A function without a docstring gets that of the one it replaces. Raises Mistake for
    a symbol that is not `allowed`, or that the source has not.
    """
    found, lines = symbols(source), source.splitlines(keepends=True)
    new = symbols(replacement)
    for name in new:
        if name not in found or name not in allowed:
            raise Mistake(f"there is no {name} to replace")
    # From the end, so that the numbers of earlier lines stay right.
    for name in sorted(new, key=lambda each: -found[each].lineno):
        first, last = _span(found[name])
        lines[first:last] = _lines(replacement, new[name], source, found[name])
    return "".join(lines)


def replace_blocks(source: str, replacement: str, allowed: tuple[str, ...]) -> str:
    """Return `source` with the blocks of `replacement` in the place of its own.

    Raises Mistake for a symbol that is not `allowed`, or that the source has not, and
    for a bracket that is not closed.
    """
    try:
        found = {each.symbol: each for each in items(source)}
        new = {each.symbol: each for each in items(replacement)}
    except ValueError as error:
        raise Mistake(str(error)) from None
    for name in new:
        if name not in found or name not in allowed:
            raise Mistake(f"there is no {name} to replace")
    # From the end, so that the places of earlier blocks stay right.
    for name in sorted(new, key=lambda each: -found[each].start):
        old, put = found[name], new[name]
        text = replacement[put.start : put.end]
        source = source[: old.start] + text + source[old.end :]
    return source


# Shell functions as shfmt and this project write them: the braces stand at the margin.
SHELL_FUNCTION = re.compile(r"^([a-z_]+)\(\) \{\n.*?^\}$", re.DOTALL | re.MULTILINE)


def replace_shell(source: str, replacement: str, allowed: tuple[str, ...]) -> str:
    """Return `source` with the shell functions of `replacement` in place of its own.

    Raises Mistake for a function that is not `allowed`, or that the source has not.
    """
    found = {each[1]: each.span() for each in SHELL_FUNCTION.finditer(source)}
    new = {each[1]: each[0] for each in SHELL_FUNCTION.finditer(replacement)}
    for name in new:
        if name not in found or name not in allowed:
            raise Mistake(f"there is no {name} to replace")
    for name in sorted(new, key=lambda each: -found[each][0]):
        first, last = found[name]
        source = source[:first] + new[name] + source[last:]
    return source


def cutter(path: Path) -> Callable[[str, str, tuple[str, ...]], str]:
    """Return what replaces symbols in a file of this kind."""
    kinds = {".tf": replace_blocks, ".sh": replace_shell}
    return kinds.get(path.suffix, replace)


def stub(source: str, names: tuple[str, ...], message: str) -> str:
    """Return `source` with these functions doing nothing but raise NotImplementedError.

    Raises Mistake for a symbol that is no function of the source.
    """
    found, lines = symbols(source), source.splitlines(keepends=True)
    for name in names:
        if not isinstance(found.get(name), Functions):
            raise Mistake(f"{name} is no function")
    for name in sorted(names, key=lambda each: -found[each].lineno):
        node = found[name]
        last = node.body[0] if _docstring(node) else None
        start = last.end_lineno if last else node.body[0].lineno - 1
        indent = " " * node.body[0].col_offset
        body = f'{indent}raise NotImplementedError("{message}")\n'
        lines[start : node.end_lineno] = [body]
    return "".join(lines)


def _span(node: ast.stmt) -> tuple[int, int]:
    first = min([node, *getattr(node, "decorator_list", ())], key=lambda n: n.lineno)
    return first.lineno - 1, node.end_lineno or node.lineno


def _lines(text: str, node: ast.stmt, source: str, old: ast.stmt) -> list[str]:
    first, last = _span(node)
    lines = text.splitlines(keepends=True)[first:last]
    if isinstance(node, Functions) and not _docstring(node) and _docstring(old):
        place = node.body[0].lineno - 1 - first
        spoken = old.body[0]
        kept = source.splitlines(keepends=True)
        lines[place:place] = kept[spoken.lineno - 1 : spoken.end_lineno]
    return lines


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, Functions) and ast.get_docstring(node) is not None
