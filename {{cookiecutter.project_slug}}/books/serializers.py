"""The JSON of books and tags."""

from rest_framework import serializers

from books.models import NAME_TAKEN, Book, Tag
from common.text import TextField, fold

MAX_TAGS_OF_A_BOOK = 50


class TagSerializer(serializers.ModelSerializer):
    """A tag."""

    tag_id = serializers.IntegerField(source="id", read_only=True)
    name = TextField(max_length=50)

    class Meta:
        model = Tag
        fields = ["tag_id", "name"]

    def validate_name(self, name: str) -> str:
        """Return the name. Raises ValidationError if another tag has it."""
        others = Tag.objects.filter(name_key=fold(name))
        if self.instance:
            others = others.exclude(pk=self.instance.pk)
        if others.exists():
            raise serializers.ValidationError(NAME_TAKEN, "unique")
        return name


class BookSerializer(serializers.ModelSerializer):
    """A book as the API shows it."""

    book_id = serializers.IntegerField(source="id", read_only=True)
    tags = TagSerializer(many=True)

    class Meta:
        model = Book
        fields = ["book_id", "isbn", "title", "author", "publisher", "stock"]
        fields += ["published_at", "tags"]


class BookWriteSerializer(serializers.ModelSerializer):
    """A book as librarians send it. `tags` is a list of tag ids."""

    title = TextField(max_length=255)
    author = TextField(max_length=255)
    publisher = TextField(max_length=255, allow_blank=True, default="")
    tags = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=MAX_TAGS_OF_A_BOOK,
    )

    class Meta:
        model = Book
        fields = ["isbn", "title", "author", "publisher", "stock", "published_at"]
        fields += ["tags"]

    def validate_tags(self, ids: list[int]) -> list[Tag]:
        """Return the tags with these ids. Raises ValidationError for an unknown id."""
        tags = Tag.objects.in_bulk(ids)
        unknown = [str(tag_id) for tag_id in ids if tag_id not in tags]
        if unknown:
            raise serializers.ValidationError(
                f"No tag has the id {', '.join(unknown)}."
            )
        return list(tags.values())
