"""Sessions: the family of refresh tokens that begins with each login.

A family has one living token, and one row, which names it. Whoever sends a token of the
family that is no longer the living one has a copy: a thief, or the reader from whom the
thief took it. Nobody can tell which, so the family ends. A family that has ended has no
row.
"""

from datetime import datetime
from hashlib import sha256

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.utils import datetime_from_epoch

from common.events import account, record
from users.models import TokenFamily, User
from users.tokens import FAMILY, FINGERPRINT, RefreshToken

DEAD_TOKEN = "The refresh token is invalid, expired or already used."
MAX_FAMILIES = 20

# {"access_token": …, "refresh_token": …}
Tokens = dict[str, str]


def begin(*, user: User) -> Tokens:
    """Begin a family, and return its first tokens.

    The user's families that have expired go, and the oldest of more than MAX_FAMILIES.
    """
    family = TokenFamily(user=user)
    token = _next_token(family)
    family.token_hash, family.expires_at = _hash(token), _expiry(token)
    family.save(force_insert=True)
    newest = user.token_families.order_by("-created_at", "-pk")[:MAX_FAMILIES]
    gone = Q(expires_at__lte=timezone.now()) | ~Q(pk__in=newest.values("pk"))
    user.token_families.filter(gone).delete()
    return _pair(token)


def rotate(*, refresh_token: str) -> Tokens:
    """Return a new pair of tokens; the old refresh token is dead.

    Raises AuthenticationFailed (401) if that is invalid, expired or used already, or if
    its user was deactivated or has changed the password since. A used one ends its
    family.
    """
    old = _read(refresh_token)
    family = (
        TokenFamily.objects.filter(pk=old.get(FAMILY), user__is_active=True)
        .filter(created_at__gt=timezone.now() - TokenFamily.LIFETIME)
        .select_related("user")
        .first()
    )
    if not family or old.get(FINGERPRINT) != family.user.get_session_auth_hash():
        raise AuthenticationFailed(DEAD_TOKEN)
    new = _next_token(family)
    # One statement finds the token alive and replaces it: of many requests with the
    # same token, one succeeds. A transaction would bring a family back that has ended.
    if not _alive(old).update(token_hash=_hash(new), expires_at=_expiry(new)):
        raise _refusal(old)
    return _pair(new)


def end(*, user: User, refresh_token: str) -> None:
    """End the family of the user's `refresh_token`.

    Raises AuthenticationFailed (401) if that is invalid, expired or used already, and
    PermissionDenied (403) if it is another user's.
    """
    token = _read(refresh_token)
    if token[api_settings.USER_ID_CLAIM] != str(user.pk):
        raise PermissionDenied("This refresh token belongs to another user.")
    if not _alive(token).delete()[0]:
        raise _refusal(token)


def _next_token(family: TokenFamily) -> RefreshToken:
    """Return a new token, which expires with its family at the latest."""
    token: RefreshToken = RefreshToken.for_user(family.user)
    token[FAMILY] = str(family.pk)
    token["exp"] = min(token["exp"], int(family.ends_at.timestamp()))
    return token


def _read(refresh_token: str) -> RefreshToken:
    try:
        # It takes the token's text, although it declares a Token.
        return RefreshToken(refresh_token)  # type: ignore[arg-type]
    except TokenError as error:
        record("refused_token", token="refresh")
        raise AuthenticationFailed(DEAD_TOKEN) from error


def _alive(token: RefreshToken) -> QuerySet[TokenFamily]:
    """Return the token's family, if this is its living token."""
    return TokenFamily.objects.filter(pk=token.get(FAMILY), token_hash=_hash(token))


def _refusal(token: RefreshToken) -> AuthenticationFailed:
    """End the family of a token that was used before, and return the answer."""
    found = TokenFamily.objects.filter(pk=token.get(FAMILY))
    family = found.select_related("user").first()
    if family and found.delete()[0]:
        record("refresh_reuse", account=account(family.user.email))
    return AuthenticationFailed(DEAD_TOKEN)


def _hash(token: RefreshToken) -> str:
    # Of its id, which is random. Its text can be spelt in several ways.
    return sha256(token[api_settings.JTI_CLAIM].encode()).hexdigest()


def _expiry(token: RefreshToken) -> datetime:
    return datetime_from_epoch(token["exp"])


def _pair(refresh: RefreshToken) -> Tokens:
    return {"access_token": str(refresh.access_token), "refresh_token": str(refresh)}
