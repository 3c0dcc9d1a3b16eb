"""Puts changed code into the functions of a file that is already imported."""

import gc
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType


def swap(file: Path, source: bytes) -> None:
    """Give the functions of `file` the code that they have in `source`.

    Raises ValueError if a function can't have it: it uses other variables of the
    function around it.
    """
    module = compile(source, str(file), "exec", dont_inherit=True)
    new = {(c.co_qualname, c.co_firstlineno): c for c in _within(module)}
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == str(file):
            code = each.__code__
            changed = new.get((code.co_qualname, code.co_firstlineno))
            if changed is not None and changed != code:
                each.__code__ = changed


def _within(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _within(each)
