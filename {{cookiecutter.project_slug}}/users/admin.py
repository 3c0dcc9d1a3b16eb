"""Users in the admin site."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from users.models import User


@admin.register(User)
class ReaderAdmin(UserAdmin):
    """Django's user admin, with the email address first: readers log in by it."""

    ordering = ["id"]
    list_display = ["email", "username", "is_staff", "is_active"]
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
