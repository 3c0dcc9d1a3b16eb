"""Puts other code in the place of a symbol: a stub, or a wrong solution.

A symbol is a function, a method or an assignment: `borrow`, `LoanDetail.get_queryset`,
`BookList.cached`. It is found with `ast`, so the real code needs no marks. Everything
else in the file stays as it is, byte by byte.
"""

import ast
from collections.abc import Iterator

from coursework.catalogue import Mistake

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
