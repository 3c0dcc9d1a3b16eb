"""The API, with the worker process that answered in `X-Worker`."""

import os

from config.wsgi import application as api
from lab.harness.wsgi import with_header

application = with_header(api, "X-Worker", os.getpid)
