"""Text in one form: what looks the same is the same.

Two texts may look alike and differ in their code points: composed or not (NFC), in
blanks at the ends, in characters that nobody sees. The models' fields bring every text
into one form, whoever writes it, and it is searched for in the same form. Source:
Unicode Standard Annex 15, and RFC 8264 (PRECIS).
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from django import forms
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import IContains
from django.db.models.sql.compiler import SQLCompiler
from rest_framework import serializers

# Letters by their category, and invisible all the same: fillers, joiners, selectors.
INVISIBLE = frozenset(
    map(
        chr,
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)
        + tuple(range(0x180B, 0x1810))
        + tuple(range(0xFE00, 0xFE10))
        + tuple(range(0xE0100, 0xE01F0)),
    )
)
# Control, format and private characters; none of them is text.
NO_TEXT = ("Cc", "Cf", "Co")
BLANKS = ("Zs", "Zl", "Zp")


def normalize(text: str) -> str:
    """Return a text in its one form: NFC, trimmed, nothing in it that can't be seen.

    Every kind of blank is a space, line ends and tabs included.
    """
    shown = (
        (
            " "
            if character.isspace() or unicodedata.category(character) in BLANKS
            else character
        )
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or not is_invisible(character)
    )
    # Without what stood between them, two characters may be composed.
    return unicodedata.normalize("NFC", "".join(shown)).strip()


def is_invisible(character: str) -> bool:
    """Return whether nobody can see a character, or it is no text.

    NUL and half a character (a surrogate) count as visible: no typing makes one, so
    they are refused and not dropped.
    """
    if character == "\0":
        return False
    return character in INVISIBLE or unicodedata.category(character) in NO_TEXT


def fold(text: str) -> str:
    """Return a text in the one form in which case makes no difference."""
    # Folding may decompose, so it is normalized again (Unicode, definition D146).
    return unicodedata.normalize("NFC", normalize(text).casefold())


class FormText(forms.CharField):
    """A form's text, in its one form before it is validated."""

    def to_python(self, value: Any) -> Any:
        """Return the text; an empty value if nothing in it can be seen."""
        return super().to_python(normalize(value) if isinstance(value, str) else value)


class TextField(serializers.CharField):
    """A request's text, in its one form before it is validated."""

    normalize: Callable[[str], str] = staticmethod(normalize)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the text. Raises ValidationError."""
        text = self.normalize(data) if isinstance(data, str) else data
        return super().run_validation(text)


class TextColumn(models.CharField):
    """A column of texts in their one form, whoever writes or looks for them."""

    def stored(self, text: str) -> str:
        """Return a text as it is stored."""
        return normalize(text)

    def get_prep_value(self, value: Any) -> Any:
        """Return what the database is given."""
        value = super().get_prep_value(value)
        return self.stored(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return what is stored, and let the instance have it, too."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = self.stored(value)
            setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **options: Any) -> Any:
        """Return the field of a form."""
        return super().formfield(**{"form_class": FormText} | options)


class FoldedColumn(models.CharField):
    """Another column's text, folded. It is unique: so the other is, whatever its case.

    None in rows from before there was this column. Databases fold differently (SQLite
    knows ASCII alone), so Python does it. `of` is the other column's name.
    """

    def __init__(self, *arguments: Any, of: str = "", **options: Any) -> None:
        self.of = of
        super().__init__(
            *arguments, **{"editable": False, "unique": True, "null": True} | options
        )

    def deconstruct(self) -> Any:
        """Return what a migration needs to make this field again."""
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, options | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the other column's text, folded."""
        value = fold(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, value)
        return value


@models.CharField.register_lookup
class Shows(IContains):
    """Finds a part of a text however it is typed, as `icontains` but for its form.

    SQLite's LIKE knows the case of ASCII alone, so Python compares there. It reads each
    row: for a person's search in the admin, not for the API.
    """

    lookup_name = "shows"

    def get_prep_lookup(self) -> str:
        """Return what is searched for, in the form that the column is stored in."""
        stored = getattr(self.lhs.output_field, "stored", normalize)
        return str(stored(self.rhs))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        """Compare as `icontains` does."""
        return IContains(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, list[Any]]:
        """Compare by a regular expression, which knows the case of all letters."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} REGEXP %s", [*parameters, f"(?i){re.escape(self.rhs)}"]
