"""The API with the strategy's list of books, the baselines, and the worker's usage."""

import os
import time

from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path

from books.views import BookDetail
from config.urls import handler404, handler500  # noqa: F401
from lab.benchmarks import baselines
from lab.benchmarks.strategies import STRATEGIES, FlushByPatternForReaders

strategy = STRATEGIES[settings.STRATEGY]


class Detail(BookDetail):
    """One book; the strategy invalidates after a change."""

    def patch(self, request, book_id):
        """Change the book."""
        response = super().patch(request, book_id)
        strategy.wrote()
        return response


def usage(request):
    """Answer with the id and the CPU time (ns) of this worker process."""
    return HttpResponse(f"{os.getpid()} {time.process_time_ns()}")


urlpatterns = [
    path("api/v1/books", strategy.as_view()),
    path("api/v1/books/<int:book_id>", Detail.as_view()),
    path("baseline/bare/books", baselines.bare),
    path("baseline/token/books", baselines.with_token),
    path("baseline/reader/books", baselines.with_reader),
    path("usual/books", FlushByPatternForReaders.as_view()),
    path("usage", usage),
    path("", include("config.urls")),
]
