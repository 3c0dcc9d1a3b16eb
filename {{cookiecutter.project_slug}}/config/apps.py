"""Django's apps, as this project configures them."""

from django.contrib.admin.apps import AdminConfig


class LibraryAdminConfig(AdminConfig):
    """The admin app, with our own site class."""

    default_site = "users.site.LibrarySite"
