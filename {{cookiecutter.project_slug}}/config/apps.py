"""Django's own apps, as this project has them."""

from django.contrib.admin.apps import AdminConfig


class LibraryAdminConfig(AdminConfig):
    """The admin app, with a site of our own."""

    default_site = "users.site.LibrarySite"
