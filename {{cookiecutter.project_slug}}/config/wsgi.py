"""The WSGI application that gunicorn serves: Django, and the cache in front of it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()

from caching.front import Front

application = Front(django)
