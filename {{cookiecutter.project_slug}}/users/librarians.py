"""Who logs in with a password, and what every librarian may in the admin site."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from users.attempts import Attempt
from users.models import User

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
    """Django's backend, with a limit on guesses and PERMISSIONS for each librarian."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> Any:
        """Return the user, or None if the pair is wrong. Raises Throttled (429).

        Without a request (a script's login) nothing is counted.
        """
        email = username or credentials.get(User.USERNAME_FIELD)
        check = super().authenticate
        if request is None or email is None:
            return check(request, username, password, **credentials)
        attempt = Attempt(request, email)
        try:
            user = check(request, username, password, **credentials)
        except Exception:
            attempt.take_back()
            raise
        if user is not None:
            attempt.succeed()
        return user

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the names of a user's permissions."""
        given = super().get_all_permissions(user_obj, obj)
        is_librarian = user_obj.is_active and user_obj.is_staff and obj is None
        return given | PERMISSIONS if is_librarian else given
