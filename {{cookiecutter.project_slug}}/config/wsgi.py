"""The WSGI application that gunicorn serves: Django, and what stands before it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()

from caching.conf import conf
from caching.front import Front
from caching.responses import Application
from common import request_ids
from common.cors import CORS
from common.framing import OneFraming
from common.http_metrics import HTTPMetrics
from common.request_ids import RequestIds


def in_order(django: Application) -> Application:
    """Return Django with the layers that a request goes through before it."""
    layers: Application = CORS(OneFraming(Front(django)))
    if conf().page:
        from caching.page.recorder import Recorder

        layers = Recorder(layers, request_ids.current_id)
    return HTTPMetrics(RequestIds(layers))


application = in_order(django)
