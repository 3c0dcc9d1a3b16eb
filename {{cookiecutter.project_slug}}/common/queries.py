"""Validated query parameters, in one canonical form.

Two requests that ask for the same have equal queries. An answer is built from the query
alone, never from the raw parameters. So the query can be part of a cache key.
"""

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.views import APIView

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 500
# The highest OFFSET stays far below the largest integer of the database.
MAX_PAGE = 1_000_000
# Longer parameters are read anew each time, so that nobody fills the memory with them.
REMEMBERED, LONGEST_REMEMBERED = 1024, 300
# What a declared parameter does, in the metadata of its field.
LOOKUP, REFINES, ORDERS = "lookup", "refines", "orders"

# The values of each parameter.
Given = tuple[tuple[str, tuple[str, ...]], ...]


def filters(lookup: str, default: Any = "") -> Any:
    """Declare a parameter that filters by a lookup of the model: `title__icontains`.

    Its default and an empty value do not filter.
    """
    return field(default=default, metadata={LOOKUP: lookup})


def refines(parameter: str) -> Any:
    """Declare a parameter that says how another one filters."""
    return field(default="", metadata={REFINES: parameter})


def orders() -> Any:
    """Declare a parameter whose value is a field of the model, or "-" and a field."""
    return field(default="", metadata={ORDERS: True})


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page of a list.

    A subclass adds parameters. What a list is filtered and ordered by is declared with
    them, once: `lookups` and `order` tell the selector, `fields_used` the cache.
    """

    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE

    def at_page(self, number: int) -> Self:
        """Return the same query for another page."""
        return replace(self, page=number)

    def lookups(self) -> dict[str, Any]:
        """Return what it filters by: lookups of the model, and their values."""
        return {
            each.metadata[LOOKUP]: getattr(self, each.name)
            for each in fields(self)
            if LOOKUP in each.metadata and getattr(self, each.name)
        }

    def order(self) -> tuple[str, ...]:
        """Return what it orders by: fields of the model, with "-" if descending."""
        values = [getattr(self, f.name) for f in fields(self) if ORDERS in f.metadata]
        return tuple(value for value in values if value)

    def fields_used(self) -> frozenset[str]:
        """Return the names of the model's fields that it filters and orders by."""
        filtered = {lookup.partition("__")[0] for lookup in self.lookups()}
        return frozenset(filtered | {name.removeprefix("-") for name in self.order()})

    def filters(self) -> Self:
        """Return the query for the same rows, without page and order."""
        return self._only(lambda each: bool({LOOKUP, REFINES} & set(each.metadata)))

    def without(self, parameter: str) -> Self:
        """Return the query without this parameter, and without what refines it."""
        return self._only(
            lambda each: parameter not in (each.name, each.metadata.get(REFINES))
        )

    def _only(self, keeps: Callable[[Field[Any]], bool]) -> Self:
        kept = {f.name: getattr(self, f.name) for f in fields(self) if keeps(f)}
        return type(self)(**kept)

    def to_query_string(self) -> str:
        """Return the canonical query string: fixed order, defaults left out."""
        chosen = [
            (each.name, getattr(self, each.name))
            for each in fields(self)
            if getattr(self, each.name) != each.default
        ]
        return urlencode(chosen, doseq=True)


class PageQuerySerializer(serializers.Serializer[Any]):
    """Validates `page` and `page_size`."""

    query_class: type[PageQuery] = PageQuery

    page = serializers.IntegerField(
        min_value=1, max_value=MAX_PAGE, default=1, help_text="The page, from 1."
    )
    page_size = serializers.IntegerField(
        min_value=1,
        max_value=MAX_PAGE_SIZE,
        default=DEFAULT_PAGE_SIZE,
        help_text="Items a page.",
    )

    def to_query(self) -> PageQuery:
        """Return the validated parameters as a query object."""
        return self.query_class(**self.validated_data)


class HasQuery(APIView):
    """Base of a view with a `query_serializer_class`."""

    query_serializer_class: type[PageQuerySerializer]

    @cached_property
    def query(self) -> PageQuery:
        """The request's validated parameters. Raises ValidationError (400)."""
        return read_query(self.query_serializer_class, self.request.query_params)


def read_query(
    serializer_class: type[PageQuerySerializer], parameters: QueryDict
) -> PageQuery:
    """Return the query that `parameters` ask for.

    Raises ValidationError (400), which names the bad parameter.
    """
    given = tuple((name, tuple(values)) for name, values in parameters.lists())
    read = _remembered if len(str(given)) <= LONGEST_REMEMBERED else _read
    return read(serializer_class, given)


def _read(serializer_class: type[PageQuerySerializer], given: Given) -> PageQuery:
    parameters, serializer = dict(given), serializer_class()
    # A plain dict: in a QueryDict a serializer takes a blank value for none.
    serializer.initial_data = {
        name: list(parameters[name]) if _repeats(field) else parameters[name][-1]
        for name, field in serializer.fields.items()
        if name in parameters
    }
    serializer.is_valid(raise_exception=True)
    return serializer.to_query()


# Validation takes as long as the query of a page.
_remembered = lru_cache(REMEMBERED)(_read)


def canonical(
    serializer_class: type[PageQuerySerializer],
) -> Callable[[str], tuple[str, frozenset[str]]]:
    """Return a function that turns a raw query string into (canonical form, fields).

    The fields are the names of those that the query filters and orders by. The function
    raises ValidationError (400) for a bad parameter.
    """

    def canonicalize(raw: str) -> tuple[str, frozenset[str]]:
        query = read_query(serializer_class, QueryDict(raw))
        return query.to_query_string(), query.fields_used()

    return canonicalize


def _repeats(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    return isinstance(field, serializers.ListField)
