"""Decides which readers may get cached answers."""

import time
from functools import lru_cache

from django.contrib.auth.models import AnonymousUser
from rest_framework import HTTP_HEADER_ENCODING
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.settings import api_settings

from caching.access import Credential
from caching.conf import conf
from caching.dependencies import BoundRow
from caching.reads import CacheSpec, entry_key
from users.authentication import ReaderAuthentication
from users.models import User
from users.tokens import FINGERPRINT

REMEMBERED_TOKENS = 1024


class ReaderAccess:
    """Lets in a reader who is active and has the fingerprint that the token names."""

    def __init__(self) -> None:
        self.authentication = ReaderAuthentication()
        # A valid signature stays valid. Of a token seen before, only the expiry counts.
        self.remember = lru_cache(REMEMBERED_TOKENS)(self.check)

    def credential(self, authorization: str) -> Credential | None:
        """Return the access token's Credential; None without a valid token."""
        try:
            header = authorization.encode(HTTP_HEADER_ENCODING)
            raw = header and self.authentication.get_raw_token(header)
            if not raw:
                return None
            credential, expires = self.remember(raw)
            return credential if time.time() < expires else self.check(raw)[0]
        except (AuthenticationFailed, InvalidToken):
            return None

    def check(self, raw: bytes) -> tuple[Credential, float]:
        """Return a token's Credential and its expiry (seconds since 1970).

        Raises InvalidToken.
        """
        token = self.authentication.get_validated_token(raw)
        reader = token[api_settings.USER_ID_CLAIM]
        fingerprint = str(token.get(FINGERPRINT)).encode()
        key = entry_key(conf().release, "users:fingerprint", reader)
        spec = CacheSpec(key, (BoundRow("users", str(reader)),))
        return Credential(reader, fingerprint, spec), token["exp"]

    def fingerprint(self, credential: Credential) -> bytes | None:
        """Return the fingerprint that this reader's tokens must have.

        None if there is no active reader with this id.
        """
        readers = User.objects.filter(pk=credential.subject, is_active=True)
        reader = readers.only("password", "token_salt").first()
        return reader.get_session_auth_hash().encode() if reader else None

    def reader(self, credential: Credential) -> User | AnonymousUser:
        """Return the User, or AnonymousUser if it is gone meanwhile."""
        readers = User.objects.filter(pk=credential.subject, is_active=True)
        return readers.first() or AnonymousUser()
