"""Users in the admin site."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models

from common.admin import ConflictsShown
from common.text import FormText
from users.models import User


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
