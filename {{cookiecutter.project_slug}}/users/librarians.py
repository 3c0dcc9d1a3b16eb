"""What librarians may do in the admin site, without a superuser's say-so."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

CATALOGUE = {
    f"books.{verb}_{model}"
    for verb in ("view", "add", "change", "delete")
    for model in ("book", "tag")
}
# Loans change through the API only, and whoever changes users can make a superuser.
PERMISSIONS = CATALOGUE | {"loans.view_loan", "users.view_user"}


class LibrarianBackend(ModelBackend):
    """Django's own, with PERMISSIONS for each librarian."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the names of what a user may do."""
        given = super().get_all_permissions(user_obj, obj)
        is_librarian = user_obj.is_active and user_obj.is_staff and obj is None
        return given | PERMISSIONS if is_librarian else given
