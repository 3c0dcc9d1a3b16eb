"""The project's settings with the benchmarks' URLs."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
