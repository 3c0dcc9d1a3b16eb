"""Records the security events that Django tells of. CommonConfig imports this file."""

from functools import partial
from typing import Any

from django.contrib.auth.signals import user_login_failed
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from common.events import account, record

# As LogEntry has them.
ACTIONS = {1: "addition", 2: "change", 3: "deletion"}


@receiver(user_login_failed, dispatch_uid="common.events")
def failed_login(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """Record a login with a wrong pair, in the API or in the admin site."""
    match = getattr(request, "resolver_match", None)
    in_admin = match is not None and match.app_name == "admin"
    event = "failed_admin_login" if in_admin else "failed_login"
    given = credentials.get("email") or credentials.get("username") or ""
    record(event, request, account=account(str(given)))


@receiver(post_save, sender="admin.LogEntry", dispatch_uid="common.events")
def admin_change(*, instance: Any, **kwargs: Any) -> None:
    """Record what was added, changed or deleted in the admin site, once committed."""
    kind = ContentType.objects.get_for_id(instance.content_type_id)
    about = {
        "by": instance.user_id,
        "action": ACTIONS.get(instance.action_flag),
        "model": kind.model,
        "object": str(instance.object_id),
    }
    transaction.on_commit(partial(record, "admin_change", **about))
