"""The permissions that every librarian has in the admin site."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

CATALOGUE = {
    f"books.{verb}_{model}"
    for verb in ("view", "add", "change", "delete")
    for model in ("book", "tag")
}
# Only view: loans change through the API alone, and whoever may change users can make
# a superuser of one.
PERMISSIONS = CATALOGUE | {"loans.view_loan", "users.view_user"}
# A librarian may end a session, too.
PERMISSIONS |= {"users.view_tokenfamily", "users.delete_tokenfamily"}


class LibrarianBackend(ModelBackend):
    """Django's backend, which also gives PERMISSIONS to each librarian."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the names of a user's permissions."""
        given = super().get_all_permissions(user_obj, obj)
        is_librarian = user_obj.is_active and user_obj.is_staff and obj is None
        return given | PERMISSIONS if is_librarian else given
