"""The API, with the list of books served by the strategy; and what the lab asks."""

import os
import time

from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path

from books.views import BookDetail
from config.urls import handler404, handler500  # noqa: F401
from lab.benchmarks import floors
from lab.benchmarks.strategies import STRATEGIES, FlushByPatternForReaders

strategy = STRATEGIES[settings.STRATEGY]


class Detail(BookDetail):
    """One book; after a change the strategy is told."""

    def patch(self, request, book_id):
        """Change the book."""
        response = super().patch(request, book_id)
        strategy.wrote()
        return response


def usage(request):
    """Answer with this worker process's number, and the CPU time it took (ns)."""
    return HttpResponse(f"{os.getpid()} {time.process_time_ns()}")


urlpatterns = [
    path("api/v1/books", strategy.as_view()),
    path("api/v1/books/<int:book_id>", Detail.as_view()),
    path("floor/bare/books", floors.bare),
    path("floor/token/books", floors.with_token),
    path("floor/reader/books", floors.with_reader),
    path("usual/books", FlushByPatternForReaders.as_view()),
    path("usage", usage),
    path("", include("config.urls")),
]
