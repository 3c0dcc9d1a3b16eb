"""The JSON of users and tokens."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from common.text import TextField, fold
from users.models import User

MAX_PASSWORD_LENGTH = 128


class UserSerializer(serializers.ModelSerializer):
    """A user as the API shows it."""

    user_id = serializers.IntegerField(source="id", read_only=True)

    class Meta:
        model = User
        fields = ["user_id", "email", "username"]


class StoredEmail(TextField, serializers.EmailField):
    """An email address, validated in the form in which it is stored."""

    normalize = staticmethod(fold)


class StoredUsername(TextField):
    """A username, validated in the form in which it is stored.

    That form (Unicode NFKC) may be longer than the name that was sent, or be taken.
    """

    normalize = staticmethod(User._meta.get_field("username").stored)


class RegistrationSerializer(serializers.ModelSerializer):
    """What a new reader sends."""

    email = StoredEmail(
        max_length=254,
        validators=[UniqueValidator(User.objects.all())],
    )
    username = StoredUsername(
        max_length=150,
        help_text=User._meta.get_field("username").help_text,
        validators=[User.username_validator, UniqueValidator(User.objects.all())],
    )
    password = serializers.CharField(
        write_only=True, max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False
    )

    class Meta:
        model = User
        fields = ["email", "username", "password"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the password with Django's validators. Raises ValidationError."""
        about_user = User(email=attrs["email"], username=attrs["username"])
        _check_strength("password", attrs["password"], about_user)
        return attrs


class LoginSerializer(serializers.Serializer):
    """An email address and a password."""

    email = StoredEmail(max_length=254)
    password = serializers.CharField(
        max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False
    )


class ChangePasswordSerializer(serializers.Serializer):
    """The password, and a new one."""

    password = serializers.CharField(
        max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False
    )
    new_password = serializers.CharField(
        max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the new password; `instance` is its user. Raises ValidationError."""
        _check_strength("new_password", attrs["new_password"], self.instance)
        return attrs


def _check_strength(field: str, password: str, user: User | None) -> None:
    """Raise ValidationError, which names the field, if Django's validators refuse."""
    try:
        validate_password(password, user=user)
    except DjangoValidationError as error:
        raise serializers.ValidationError({field: error.messages}) from error


class RefreshTokenSerializer(serializers.Serializer):
    """A refresh token."""

    refresh_token = serializers.CharField(max_length=2000)


class TokensSerializer(serializers.Serializer):
    """A pair of tokens."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
