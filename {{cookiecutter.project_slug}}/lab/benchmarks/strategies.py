"""The ladder: ways to serve `GET /books`, each with the same bytes.

Each class answers the read; `wrote` is called after a book was changed. They differ in
what they store, and in how they learn that it is stale. The token is checked before all
of them in the same way, as the API does before a hit.

    QueryPerBook, Prefetched      store nothing
    TimeToLive                    Python objects, until they expire
    FlushByPattern                the same, all deleted after each write
    CachePage                     the response, until it expires
    Cacheops, Cachalot            the rows of each query, deleted after each write
    GenerationKey                 the bytes, under a token that each write changes
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
    """Queries the database each time."""

    # The check in front of the view is enough.
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
        """Invalidate after a write; here there is nothing to do."""


class QueryPerBook(Strategy):
    """Makes a query for the tags of each book, as a serializer does by itself."""

    find = staticmethod(plain.find_one_by_one)


class Prefetched(Strategy):
    """Makes one query for the tags of all books."""


class TimeToLive(Strategy):
    """Stores Python objects (pickled) until they expire; writes change nothing."""

    def get(self, request):
        """Answer with what is stored under the query, or compute and store it."""
        key = f"books:list:{plain.canonical_query(request)}"
        data = cache.get(key)
        if data is None:
            data = self.compute(request)
            cache.set(key, data, TTL)
        return Response(data)


class FlushByPattern(TimeToLive):
    """Deletes the keys that match a pattern; Redis has to look at all keys."""

    @staticmethod
    def wrote():
        """Delete every list."""
        cache.delete_pattern("books:list:*")


class FlushByPatternForReaders(FlushByPattern):
    """The same, behind simplejwt's check, which looks the reader up each time."""

    authentication_classes = (ReaderAuthentication,)
    permission_classes = (IsAuthenticated,)

    @classmethod
    def as_view(cls, **options):
        """Return the view as Django REST framework makes it."""
        return super(Strategy, cls).as_view(**options)


@method_decorator(cache_page(TTL), name="dispatch")
class CachePage(Strategy):
    """Stores the rendered response until it expires.

    By itself it would answer without checking a token; here the check comes first.
    """


class Cacheops(Strategy):
    """Uses querysets whose rows django-cacheops stores (see settings)."""


class Cachalot(Strategy):
    """Uses the ORM, whose results django-cachalot stores (see settings)."""


class GenerationKey(Strategy):
    """Stores bytes under a key that contains a generation; old entries expire."""

    generation = "books:generation"

    def get(self, request):
        """Answer with the bytes of this generation, or compute and store them."""
        # Before the query: a list from before a write is stored under the old key.
        generation = cache.get_or_set(self.generation, self.new, None)
        key = f"books:list:{generation}:{plain.canonical_query(request)}"
        body = cache.get(key)
        if body is None:
            body = JSONRenderer().render(self.compute(request))
            cache.set(key, body, TTL)
        return HttpResponse(body, content_type="application/json")

    @staticmethod
    def new():
        """Return a new generation: random, because a lost counter would start over."""
        return uuid4().hex

    @classmethod
    def wrote(cls):
        """Begin a new generation."""
        cache.set(cls.generation, cls.new(), None)


class Ours(BookList):
    """The API as it is. Its models' writes invalidate by themselves.

    It also checks whether the reader may still read: at a hit in Redis, in the same
    round trip, and at a miss in the database.
    """

    @staticmethod
    def wrote():
        """Do nothing: the models have invalidated already."""


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
