"""The query parameters of the book list."""

import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from rest_framework import serializers

from books.keyset import Place
from common.queries import (
    PageQuery,
    PageQuerySerializer,
    filters,
    orders,
    refines,
)
from common.text import TextField

MAX_TAGS = 20
MAX_ID = 2**63 - 1
# Characters of the longest place: a title, a colon and an id.
MAX_PLACE = 255 + len(f":{MAX_ID}")
PAGE_AND_AFTER = "Say where it begins by page or by after."
ORDERS = ("title", "-title", "published_at", "-published_at")
# Parses the value in a place, by the column that the list is ordered by.
VALUES: dict[str, Callable[[str], object]] = {
    "title": str,
    "published_at": date.fromisoformat,
}
ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, slots=True)
class BookQuery(PageQuery):
    """Which books, and in which order. An empty value does not filter."""

    title: str = filters("title__icontains")
    author: str = filters("author__icontains")
    tag: tuple[int, ...] = filters("tags__in", default=())
    tag_option: str = refines("tag")
    order_by: str = orders()
    # The place after which the page begins, instead of `page`. Empty: the first page.
    after: str | None = None


def read_place(text: str, order_by: str) -> Place:
    """Return the Place that `after` names in this order. Raises ValueError."""
    value, _, pk = text.rpartition(":")
    column = order_by.removeprefix("-")
    place = Place(VALUES[column](value) if column else None, int(pk))
    # Only one spelling of a place is accepted: another would make another cache entry.
    if str(place) != text or not 0 < place.pk <= MAX_ID:
        raise ValueError(f"not a place: {text}")
    return place


def fold_case(text: str) -> str:
    """Return `text` with its ASCII letters in lower case.

    Other letters stay as they are, because databases fold them differently. Two texts
    may share a cache key only if every database finds the same books for both.
    """
    return text.translate(ASCII_LOWER)


class TagIdsField(serializers.ListField):
    """A repeatable tag id: `?tag=1&tag=2`. Its errors name the parameter alone."""

    child = serializers.IntegerField(min_value=1, max_value=MAX_ID)

    def run_child_validation(self, data: Any) -> list[int]:
        """Validate each id; report the first bad one."""
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            by_position = cast(dict[int, Any], error.detail)
            raise serializers.ValidationError(
                next(iter(by_position.values()))
            ) from error


class BookQuerySerializer(PageQuerySerializer):
    """Validates the query parameters of the book list."""

    query_class = BookQuery

    title = TextField(
        required=False,
        allow_blank=True,
        max_length=255,
        help_text="A part of the title, ignoring case.",
    )
    author = TextField(
        required=False,
        allow_blank=True,
        max_length=255,
        help_text="A part of the author's name, ignoring case.",
    )
    tag = TagIdsField(
        required=False, max_length=MAX_TAGS, help_text="A tag's id; repeatable."
    )
    tag_option = serializers.ChoiceField(
        ["and", "or"],
        required=False,
        help_text="Required with two tags or more: all of them, or any.",
    )
    order_by = serializers.ChoiceField(
        ORDERS, required=False, help_text="Default: newest first."
    )
    after = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=MAX_PLACE,
        help_text="Instead of `page`, for deep pages: where the page begins. Leave it "
        "empty for the first page, then follow `next`; or give the last `book_id` you "
        "have, with `order_by` its value before it: `2020-01-31:42`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters in their canonical form."""
        tags = tuple(sorted(set(attrs.get("tag", ()))))
        if len(tags) > 1 and "tag_option" not in attrs:
            raise serializers.ValidationError(
                {"tag_option": "Say how to combine the tags: and, or."}
            )
        after = attrs.get("after")
        # A generated client sends the document's default, page 1, beside it.
        if after is not None and attrs["page"] != 1:
            raise serializers.ValidationError({"after": PAGE_AND_AFTER})
        if after:
            _check_place(after, attrs.get("order_by", ""))
        option = attrs["tag_option"] if len(tags) > 1 else ""
        texts = {n: fold_case(attrs[n]) for n in ("title", "author") if n in attrs}
        return attrs | texts | {"tag": tags, "tag_option": option}


def _check_place(after: str, order_by: str) -> None:
    try:
        read_place(after, order_by)
    except ValueError:
        wanted = "an id" if not order_by else f"a value of {order_by.lstrip('-')}:id"
        raise serializers.ValidationError(
            {"after": f"No place in this order; accepted: {wanted}, as `next` has it."}
        ) from None
