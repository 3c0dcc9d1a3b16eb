"""The lookup `among`: like `in`, but the whole list is one parameter.

`in` sends each value as a parameter. Django and the driver prepare them one by one: for
500 ids that takes longer than the query itself.

    links.filter(book__among=Ids([1, 2, 3]))
"""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignKey, Lookup
from django.db.models.sql.compiler import SQLCompiler


class Ids:
    """Ids of rows (integers). Django would check each element of a list."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.text = ",".join(map(str, ids))


@ForeignKey.register_lookup
class Among(Lookup):
    """Finds rows whose foreign key is one of some Ids."""

    lookup_name = "among"
    prepare_rhs = False

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        """Compare with the elements of an array, sent as text."""
        column, parameters = self.process_lhs(compiler, connection)
        array = f"{{{self.rhs.text}}}"
        return f"{column} = ANY(%s::bigint[])", [*parameters, array]

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, list[Any]]:
        """Compare with the elements of a JSON array: SQLite has no other arrays."""
        column, parameters = self.process_lhs(compiler, connection)
        array = f"[{self.rhs.text}]"
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, array]
