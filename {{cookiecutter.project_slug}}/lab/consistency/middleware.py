"""Names the worker process in every answer."""

import os


def name_worker(get_response):
    """Add `X-Worker`, the process that answered."""

    def answer(request):
        response = get_response(request)
        response.headers["X-Worker"] = str(os.getpid())
        return response

    return answer
