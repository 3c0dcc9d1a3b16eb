"""Makes mutants: a source file with one small mistake in it each."""

import ast
import difflib
from collections.abc import Iterator
from typing import NamedTuple

COMPARISONS = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
# Not mutated: what no test runs, and texts for people.
SKIPPED = (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.alias)
DROPPED = (ast.AugAssign, ast.Raise, ast.Delete)


class Mutant(NamedTuple):
    """One mistake: in the file at `path`, `new` stands instead of bytes of the source.

    `line` is the line that must run for a test to notice. `in_function`: whether it
    runs when a function is called, not when the file is imported.
    """

    path: str
    line: int
    kind: str
    start: int
    end: int
    new: str
    in_function: bool = False

    def apply(self, source: bytes) -> bytes:
        """Return the source with the mistake."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def diff(self, source: bytes) -> str:
        """Return the changed lines, those of the source with `-`, ours with `+`."""
        before, after = source.decode(), self.apply(source).decode()
        lines = difflib.unified_diff(before.split("\n"), after.split("\n"), n=0)
        return "\n".join([*lines][3:])


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Return all mutants of a source file that can be compiled."""
    found = _Finder(path, source)
    found.visit(ast.parse(source))
    return [each for each in found.mutants if _compiles(each.apply(source))]


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "a mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


class _Finder(ast.NodeVisitor):
    """Visits the nodes of one file, and notes the mutants of each."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path, self.source, self.mutants = path, source, []
        starts = [0]
        for line in source.split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        self.starts, self.statement, self.depth = starts, None, 0

    def generic_visit(self, node: ast.AST) -> None:
        """Note the node's mutants, then those of what is in it."""
        if isinstance(node, SKIPPED):
            return
        if isinstance(node, ast.stmt):
            self.statement = node
        for kind, new in self.changes(node):
            self.note(node, kind, new)
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "type_params"):
                for each in value if isinstance(value, list) else [value]:
                    if isinstance(each, ast.AST):
                        self.visit(each)

    def note(self, node: ast.AST, kind: str, new: str | ast.AST) -> None:
        """Note that `new` may stand instead of a node."""
        if isinstance(new, ast.AST):
            # In parentheses, it means the same wherever it stands.
            text = ast.unparse(ast.fix_missing_locations(new))
            new = text if isinstance(new, (ast.Constant, ast.stmt)) else f"({text})"
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        line = node.lineno if isinstance(node, ast.stmt) else self.statement.lineno
        place = (self.path, line, kind, start, end, new)
        self.mutants.append(Mutant(*place, in_function=self.depth > 0))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Visit the body; a decorator may be missing."""
        for decorator in node.decorator_list:
            self.statement = node
            self.drop_line_of(decorator)
        for each in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(each)
        self.depth += 1
        for each in _without_docstring(node.body):
            self.visit(each)
        self.depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Visit the body; what only declares types can't be wrong."""
        if "Protocol" not in [ast.unparse(base) for base in node.bases]:
            for each in _without_docstring(node.body):
                self.visit(each)

    def visit_Module(self, node: ast.Module) -> None:
        """Visit the module."""
        for each in _without_docstring(node.body):
            self.visit(each)

    def drop_line_of(self, decorator: ast.expr) -> None:
        """Note the function without one of its decorators."""
        start = self.source.rindex(b"@", 0, self.offset(decorator))
        end = self.starts[decorator.end_lineno - 1] + decorator.end_col_offset
        place = (self.path, self.statement.lineno, "no decorator", start, end, "#")
        self.mutants.append(Mutant(*place, in_function=self.depth > 0))

    def offset(self, node: ast.expr) -> int:
        """Return where in the source a node begins."""
        return self.starts[node.lineno - 1] + node.col_offset

    def changes(self, node: ast.AST) -> Iterator[tuple[str, str | ast.AST]]:
        """Yield the kind of each change to a node, and what stands there instead."""
        yield from _of_expression(node, in_function=self.depth > 0)
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            for value in (True, False):
                if not (value and isinstance(node, ast.While)):
                    self.note(node.test, f"condition {value}", str(value))
        if isinstance(node, ast.Return) and not _is_none(node.value):
            yield "return None", "return None"
        if _may_be_dropped(node):
            yield "no statement", "pass"


def _of_expression(
    node: ast.AST, in_function: bool
) -> Iterator[tuple[str, str | ast.AST]]:
    match node:
        case ast.Compare(left, [operator, *more], values):
            swapped = COMPARISONS[type(operator)]()
            yield "comparison", ast.Compare(left, [swapped, *more], values)
        case ast.BoolOp(operator, values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield "and/or", ast.BoolOp(other, values)
        # Outside functions `|` makes types.
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            if in_function:
                swapped = OPERATORS[type(operator)]()
                yield "operator", ast.BinOp(left, swapped, right)
        case ast.UnaryOp(ast.Not(), operand):
            yield "no not", operand
        case ast.Constant(bool() as value):
            yield "constant", ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield "constant", ast.Constant(value + 1)
        case ast.Constant(str() as value) if value and " " not in value:
            yield "constant", ast.Constant(value + "?")


def _may_be_dropped(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        return all(isinstance(t, (ast.Attribute, ast.Subscript)) for t in node.targets)
    return isinstance(node, DROPPED)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or isinstance(node, ast.Constant) and node.value is None


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if is_text else body
