"""Records the security events that Django tells of. CommonConfig imports this file."""

from typing import Any

from django.contrib.auth.signals import user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse

from common.events import account, record


@receiver(user_login_failed, dispatch_uid="common.events")
def failed_login(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """Record a login with a wrong pair, in the API or in the admin site."""
    by_admin = request is not None and request.path.startswith(reverse("admin:index"))
    event = "failed_admin_login" if by_admin else "failed_login"
    given = credentials.get("email") or credentials.get("username") or ""
    record(event, request, account=account(str(given)))


@receiver(post_save, sender="admin.LogEntry", dispatch_uid="common.events")
def admin_change(*, instance: Any, **kwargs: Any) -> None:
    """Record what a librarian added, changed or deleted in the admin site."""
    record(
        "admin_change",
        by=instance.user_id,
        action=instance.get_action_flag_display().lower(),
        model=instance.content_type.model,
        object=instance.object_id,
    )
