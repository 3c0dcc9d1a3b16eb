"""Users in the admin site."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest

from common.admin import ConflictsShown
from common.text import FormText
from users.models import TokenFamily, User


@admin.register(User)
class ReaderAdmin(ConflictsShown, UserAdmin):
    """Django's user admin, with the email address first: readers log in by it."""

    ordering = ["id"]
    list_display = ["email", "username", "is_staff", "is_active"]
    search_fields = ["email__shows", "username__shows"]
    search_fields += ["first_name__shows", "last_name__shows"]
    formfield_overrides = {models.CharField: {"form_class": FormText}}
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "username", "usable_password")
                + ("password1", "password2"),
            },
        ),
    )


@admin.register(TokenFamily)
class TokenFamilyAdmin(admin.ModelAdmin):
    """The sessions that are alive. To delete one ends it; nothing secret is shown."""

    list_display = ["user", "created_at", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["user__email__shows"]
    exclude = ["token_hash"]
    readonly_fields = ["ends_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a login begins one."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: there is nothing to change."""
        return False
