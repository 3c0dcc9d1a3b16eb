"""The project's settings, but Redis may take its time: to count on a busy machine."""

from config.settings import *  # noqa: F403
from config.settings import CACHING

# Seconds. When Redis is late, each process counts by itself.
CACHING = CACHING | {"lock": 30, "wait": 60, "timeout": 2}
