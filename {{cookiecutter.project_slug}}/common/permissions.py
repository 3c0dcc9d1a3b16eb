"""Permissions: who may do what."""

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView


class IsLibrarian(IsAuthenticated):
    """Lets in librarians: users with `is_staff`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the user is a librarian."""
        return super().has_permission(request, view) and request.user.is_staff


class IsLibrarianOrReadOnly(IsLibrarian):
    """Lets every reader read, and only librarians write."""

    # It lets every reader read, so cached views may have it.
    same_for_all_readers = True

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the user may use this method."""
        if request.method in SAFE_METHODS:
            return IsAuthenticated.has_permission(self, request, view)
        return super().has_permission(request, view)


class IsSelfOrLibrarian(IsLibrarian):
    """Lets readers see their own account, and librarians see every account.

    It compares ids and does not ask whether the account exists. So a reader gets the
    same refusal for every other id, and can't find out which ids are taken.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the user may see the account that the path names."""
        is_reader = IsAuthenticated.has_permission(self, request, view)
        return is_reader and (
            view.kwargs.get("user_id") == request.user.pk or request.user.is_staff
        )
