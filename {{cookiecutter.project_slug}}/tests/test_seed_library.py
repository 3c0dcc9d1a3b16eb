"""manage.py seed_library"""

import pytest
from django.core.management import CommandError, call_command

from books.isbn import validate_isbn13
from books.models import Book, Tag
from tests.factories import TagFactory


def seed(**options):
    call_command("seed_library", verbosity=0, **options)


def library():
    return [
        (
            b.isbn,
            b.title,
            b.author,
            b.stock,
            b.published_at,
            [str(t) for t in b.tags.all()],
        )
        for b in Book.objects.prefetch_related("tags")
    ]


@pytest.mark.django_db
def test_it_fills_the_library_with_books_that_look_real():
    seed(books=200)
    assert Book.objects.count() == 200
    for book in Book.objects.prefetch_related("tags"):
        validate_isbn13(book.isbn)
        book.full_clean()
        assert 1 <= len(book.tags.all()) <= 3


@pytest.mark.django_db
def test_running_it_again_adds_none(capsys):
    seed(books=50)
    before = library()
    call_command("seed_library", books=50)
    assert "0 books added, 50 were there." in capsys.readouterr().out
    assert library() == before


@pytest.mark.django_db
def test_more_are_added_to_those_that_are_there():
    seed(books=10)
    before = library()
    seed(books=20)
    assert Book.objects.count() == 20
    assert library()[10:] == before


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_library():
    seed(books=30, seed=7)
    first = library()
    Book.objects.all().delete()
    seed(books=30, seed=7)
    assert library() == first
    Book.objects.all().delete()
    seed(books=30, seed=8)
    assert library() != first


@pytest.mark.django_db
def test_it_uses_a_tag_that_is_there_whatever_its_case():
    TagFactory(name="FICTION")
    seed(books=50)
    assert Tag.objects.filter(name__iexact="fiction").count() == 1


@pytest.mark.parametrize("books", [0, -1, 10**9])
def test_a_bad_number_is_refused(books):
    with pytest.raises(CommandError, match=f"--books is {books}; accepted: 1 to"):
        seed(books=books)
