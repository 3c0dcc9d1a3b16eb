"""The check of the token, the same for all strategies."""

from django.http import HttpResponse

from caching.access import get_access


def checked(view):
    """Return the view behind the API's own check of the token.

    It is the check that the API makes before a hit (users/access.py). It does not use
    the database, and remembers the tokens whose signatures it has checked.
    """

    def checked_view(request, **arguments):
        authorization = request.META.get("HTTP_AUTHORIZATION", "")
        if get_access().credential(authorization) is None:
            return HttpResponse(status=401)
        return view(request, **arguments)

    return checked_view
