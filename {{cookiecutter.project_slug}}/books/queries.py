"""The query parameters of the book list."""

import string
from dataclasses import dataclass

from rest_framework import serializers

from common.queries import DEFAULT_PAGE_SIZE, PageQuery, PageQuerySerializer

MAX_TAGS = 20
ORDERS = ("title", "-title", "published_at", "-published_at")
ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, slots=True)
class BookQuery(PageQuery):
    """Which books, in which order. Empty values filter nothing."""

    title: str = ""
    author: str = ""
    tag: tuple[int, ...] = ()
    tag_option: str = ""
    order_by: str = ""


def fold_case(text):
    """Return `text` in the one case under which every database compares it.

    Only ASCII: databases differ in how they fold the rest, and two texts may share a
    key only if no database tells them apart.
    """
    return text.translate(ASCII_LOWER)


class TagIdsField(serializers.ListField):
    """A repeatable tag id: `?tag=1&tag=2`. Its errors name the parameter alone."""

    child = serializers.IntegerField(min_value=1, max_value=2**63 - 1)

    def run_child_validation(self, data):
        """Validate each id, and report the first that is none."""
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError(
                next(iter(error.detail.values()))
            ) from error


class BookQuerySerializer(PageQuerySerializer):
    """Validates the query parameters of the book list."""

    query_class = BookQuery

    title = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=255,
        help_text="A part of the title, ignoring case.",
    )
    author = serializers.CharField(
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

    def validate(self, attrs):
        """Bring the parameters into their canonical form."""
        tags = tuple(sorted(set(attrs.get("tag", ()))))
        if len(tags) > 1 and "tag_option" not in attrs:
            raise serializers.ValidationError(
                {"tag_option": "Say how to combine the tags: and, or."}
            )
        return {
            "page": attrs.get("page", 1),
            "page_size": attrs.get("page_size", DEFAULT_PAGE_SIZE),
            "title": fold_case(attrs.get("title", "")),
            "author": fold_case(attrs.get("author", "")),
            "tag": tags,
            "tag_option": attrs["tag_option"] if len(tags) > 1 else "",
            "order_by": attrs.get("order_by", ""),
        }
