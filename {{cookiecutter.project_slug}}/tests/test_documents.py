"""Documents are made without serializers, with the same bytes as theirs."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.renderers import JSONRenderer

from books import documents
from books.models import Book, Tag
from books.serializers import BookSerializer, TagSerializer
from common.renderers import FastJSONRenderer
from tests.factories import BookFactory, TagFactory

# Line ends of JavaScript, quotes, controls, every script.
TEXTS = ["plain", "\u2028 and \u2029", '"\\/\x7f\x01\n', "한강 🐋 é"]

fast, usual = FastJSONRenderer(), JSONRenderer()


@pytest.fixture
def library(db):
    tags = [TagFactory(name=text) for text in TEXTS]
    for number, text in enumerate(TEXTS):
        day = date(1, 1, 1) if number else date(9999, 12, 31)
        # The tags are linked in another order than they are shown in.
        shown = reversed(tags[number:])
        BookFactory(title=text, author=text, published_at=day, tags=shown)


def test_books_are_what_the_serializer_makes(library):
    rows = documents.book_rows(Book.objects.all())
    expected = BookSerializer(Book.objects.all(), many=True).data
    assert fast.render(documents.with_tags(list(rows))) == usual.render(expected)


def test_tags_are_what_the_serializer_makes(library):
    expected = TagSerializer(Tag.objects.all(), many=True).data
    rows = list(documents.tag_rows(Tag.objects.all()))
    assert fast.render(rows) == usual.render(expected)


def test_no_books_are_no_query(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert documents.with_tags([]) == []


def test_the_tags_of_any_number_of_books_are_one_query(
    library, django_assert_num_queries
):
    BookFactory.create_batch(500)
    rows = list(documents.book_rows(Book.objects.all()))
    with django_assert_num_queries(1):
        documents.with_tags(rows)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab\u2028"), inner),
)


@given(values)
def test_every_answer_is_rendered_as_rest_framework_does(value):
    assert fast.render(value) == usual.render(value)
    if value is not None:
        assert json.loads(fast.render(value)) == value
