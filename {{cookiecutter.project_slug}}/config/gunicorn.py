"""Gunicorn's settings, from the environment."""

import os

wsgi_app = "config.wsgi:application"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
# Settings that refuse to start stop the whole server at once, not worker by worker.
preload_app = True
timeout = 30
graceful_timeout = 20
keepalive = 5
# Its control socket would be one more thing to guard.
control_socket_disable = True
accesslog = "-" if os.environ.get("ACCESS_LOG") else None
