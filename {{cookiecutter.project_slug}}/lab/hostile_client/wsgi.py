"""The API, with a fault put back if HOSTILE_SABOTAGE names one."""

import os

from config.wsgi import application  # noqa: F401  # gunicorn serves it
from lab.hostile_client import sabotage

sabotage.apply(os.environ.get("HOSTILE_SABOTAGE", ""))
