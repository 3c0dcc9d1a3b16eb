"""All dashboards, in the order of their links."""

from monitoring.api import API
from monitoring.cache import CACHE
from monitoring.host import HOST

DASHBOARDS = (API, CACHE, HOST)
