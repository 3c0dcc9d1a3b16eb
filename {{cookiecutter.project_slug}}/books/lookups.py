"""The lookup `among`: like `in`, but the whole list is one parameter.

`in` sends each value as a parameter. Django and the driver prepare them one by one: for
500 ids that takes longer than the query itself.

    links.filter(book__among=[1, 2, 3])
"""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignKey, Lookup
from django.db.models.sql.compiler import SQLCompiler


@ForeignKey.register_lookup
class Among(Lookup):
    """Finds rows whose foreign key is in a list of ids (integers)."""

    lookup_name = "among"
    prepare_rhs = False

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        """Compare with the elements of an array."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*parameters, list(self.rhs)]

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, list[Any]]:
        """Compare with the elements of a JSON array: SQLite has no other arrays."""
        column, parameters = self.process_lhs(compiler, connection)
        array = json.dumps(list(self.rhs))
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, array]
