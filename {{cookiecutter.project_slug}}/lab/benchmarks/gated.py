"""The same check of a reader's token, in front of all that is compared."""

from django.http import HttpResponse

from caching.gate import get_gate


def gated(view):
    """Return the view, for those only whose token the API's own gate lets through.

    That is what the API does before a hit: no database is asked, and a signature that
    was right is remembered (users/gate.py).
    """

    def gated_view(request, **arguments):
        if get_gate().claim(request) is None:
            return HttpResponse(status=401)
        return view(request, **arguments)

    return gated_view
