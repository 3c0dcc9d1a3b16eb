"""Tells the cache which models to watch."""

from django.apps import AppConfig

from caching.watching import watch


class UsersConfig(AppConfig):
    """The app `users`."""

    name = "users"

    def ready(self) -> None:
        """Let every write to this model invalidate the answers that show it."""
        from users.models import User

        watch(User, "users")
