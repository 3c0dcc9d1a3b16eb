"""Makes valid objects; only what matters to a test has to be given."""

import factory
from django.contrib.auth import get_user_model

from books.models import Book, Tag
from books.sample import isbn
from loans.models import Loan

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory):
    """A reader whose password is PASSWORD."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence("reader{}".format)
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.django.Password(PASSWORD)


class TagFactory(factory.django.DjangoModelFactory):
    """A tag."""

    class Meta:
        model = Tag

    name = factory.Sequence("Tag {}".format)


class BookFactory(factory.django.DjangoModelFactory):
    """A book with three copies and, unless given, no tags."""

    class Meta:
        model = Book
        skip_postgeneration_save = True

    isbn = factory.Sequence(isbn)
    title = factory.Sequence("Title {}".format)
    author = "Ada Author"
    publisher = "Blue Pine Books"
    stock = 3
    published_at = "2020-01-31"

    @factory.post_generation
    def tags(self, create, tags, **options):
        """Link the given tags."""
        if tags:
            self.tags.set(tags)


class LoanFactory(factory.django.DjangoModelFactory):
    """An open loan of one copy. The book's stock stays as it is."""

    class Meta:
        model = Loan

    user = factory.SubFactory(UserFactory)
    book = factory.SubFactory(BookFactory)
