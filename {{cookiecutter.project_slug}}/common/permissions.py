"""Who may do what."""

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView


class IsLibrarian(IsAuthenticated):
    """A librarian is a user with `is_staff`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the user is a librarian."""
        return super().has_permission(request, view) and request.user.is_staff


class IsLibrarianOrReadOnly(IsLibrarian):
    """Every reader may read; only librarians may write."""

    # It lets every reader read, so cached views may have it.
    same_for_all_readers = True

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the user may use this method."""
        if request.method in SAFE_METHODS:
            return IsAuthenticated.has_permission(self, request, view)
        return super().has_permission(request, view)


class IsSelfOrLibrarian(IsLibrarian):
    """Readers see themselves; librarians see everybody.

    Decided by the id in the path, so that a reader can't tell which ids exist.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the user may see the one in the path."""
        is_reader = IsAuthenticated.has_permission(self, request, view)
        return is_reader and (
            view.kwargs.get("user_id") == request.user.pk or request.user.is_staff
        )
