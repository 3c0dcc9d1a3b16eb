"""The same check of a reader's token, in front of all that is compared."""

from django.http import HttpResponse

from caching.access import get_access


def checked(view):
    """Return the view, for those only whose token the API's own check lets through.

    That is what the API does before a hit: no database is asked, and a signature that
    was right is remembered (users/access.py).
    """

    def checked_view(request, **arguments):
        if get_access().credential(request) is None:
            return HttpResponse(status=401)
        return view(request, **arguments)

    return checked_view
