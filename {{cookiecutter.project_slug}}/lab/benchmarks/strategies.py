"""The ladder: ways to serve `GET /books`, each with the same bytes.

Every class answers the read; `wrote` is called after a book was changed. They differ
in what they keep, and in how they learn that it is old. Before each of them the
token is checked in the same way, as the API does before a hit: none pays more for that:

    QueryPerBook, Prefetched      keep nothing
    TimeToLive                    Python objects, until their time is over
    FlushByPattern                the same, all deleted after each write
    CachePage                     the response, until its time is over
    Cacheops, Cachalot            the rows of each query, deleted after each write
    GenerationKey                 the bytes, under a number that each write changes
    Ours                          books/views.py
"""

from uuid import uuid4

from django.core.cache import cache
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from books.views import BookList
from lab.benchmarks import plain
from lab.benchmarks.checked import checked
from users.authentication import ReaderAuthentication

TTL = 24 * 3600


class Strategy(APIView):
    """Asks the database each time."""

    # The check before it is enough.
    authentication_classes = permission_classes = ()
    find = staticmethod(plain.find_prefetched)

    @classmethod
    def as_view(cls, **options):
        """Return the view, behind the check of the token."""
        return checked(super().as_view(**options))

    def get(self, request):
        """Answer with a page of books."""
        return Response(self.compute(request))

    def compute(self, request):
        """Return the page as Python objects, from the database."""
        return plain.page(request, self.find)

    @staticmethod
    def wrote():
        """Do what has to be done after a write: here nothing."""


class QueryPerBook(Strategy):
    """Asks for the tags of each book on its own: what a serializer does by itself."""

    find = staticmethod(plain.find_one_by_one)


class Prefetched(Strategy):
    """Asks for the tags of all books at once."""


class TimeToLive(Strategy):
    """Keeps Python objects (pickled), and never hears of a write."""

    def get(self, request):
        """Answer with what is kept under the query, or compute and keep it."""
        key = f"books:list:{plain.canonical_query(request)}"
        data = cache.get(key)
        if data is None:
            data = self.compute(request)
            cache.set(key, data, TTL)
        return Response(data)


class FlushByPattern(TimeToLive):
    """Deletes every key that matches a pattern, for which Redis looks at all keys."""

    @staticmethod
    def wrote():
        """Delete every list."""
        cache.delete_pattern("books:list:*")


class FlushByPatternForReaders(FlushByPattern):
    """The same without that check: simplejwt looks the reader up each time."""

    authentication_classes = (ReaderAuthentication,)
    permission_classes = (IsAuthenticated,)

    @classmethod
    def as_view(cls, **options):
        """Return the view as Django REST framework makes it."""
        return super(Strategy, cls).as_view(**options)


@method_decorator(cache_page(TTL), name="dispatch")
class CachePage(Strategy):
    """Keeps the rendered response, until its time is over.

    By itself it would answer before any token is checked, whoever asks: here that check
    stands before it.
    """


class Cacheops(Strategy):
    """Asks through querysets that django-cacheops keeps the rows of (see settings)."""


class Cachalot(Strategy):
    """Asks through an ORM that django-cachalot keeps the results of (see settings)."""


class GenerationKey(Strategy):
    """Keeps bytes under a generation that is part of the key; old ones expire."""

    generation = "books:generation"

    def get(self, request):
        """Answer with the bytes of this generation, or compute and keep them."""
        # Read before the database is asked: what is older than a write stays behind.
        generation = cache.get_or_set(self.generation, self.new, None)
        key = f"books:list:{generation}:{plain.canonical_query(request)}"
        body = cache.get(key)
        if body is None:
            body = JSONRenderer().render(self.compute(request))
            cache.set(key, body, TTL)
        return HttpResponse(body, content_type="application/json")

    @staticmethod
    def new():
        """Return a generation that no other has been: a lost counter would restart."""
        return uuid4().hex

    @classmethod
    def wrote(cls):
        """Begin a new generation."""
        cache.set(cls.generation, cls.new(), None)


class Ours(BookList):
    """The API as it is. Its models' writes invalidate by themselves.

    It does more for a token than the others: a hit asks Redis, in the same round trip,
    whether its reader may still read; a miss looks the reader up in the database.
    """

    @staticmethod
    def wrote():
        """Nothing is left to do."""


STRATEGIES = {
    "per-book": QueryPerBook,
    "prefetched": Prefetched,
    "ttl": TimeToLive,
    "flush": FlushByPattern,
    "cache-page": CachePage,
    "cacheops": Cacheops,
    "cachalot": Cachalot,
    "generation": GenerationKey,
    "ours": Ours,
}
