"""gunicorn's log: each request as a line of JSON on the standard output."""

import logging
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from common import request_ids
from common.logs import TextLine
from config.healthcheck import PATH as HEALTH

logger = logging.getLogger("library.access")


class Log(Logger):  # type: ignore[misc]  # gunicorn brings no types
    """gunicorn's logger; its access log is ours."""

    def setup(self, cfg: Any) -> None:
        """Write gunicorn's own lines as Django's are written."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(TextLine(self.error_fmt, self.datefmt))

    def access(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> None:
        """Log a request whose answer was sent, or that was refused unread.

        Not a health check that passes: one comes every few seconds, day and night.
        """
        if not self.cfg.accesslog:
            return
        status = int(str(resp.status).split()[0])
        if environ.get("PATH_INFO") == HEALTH and status == 200:
            return
        sent = {name.lower(): value for name, value in resp.headers}
        asked = request_ids.read(environ, sent.get("x-request-id", ""))
        fields = asked._asdict() | {
            "status": status,
            "milliseconds": round(request_time / timedelta(milliseconds=1), 1),
            "bytes": resp.sent,
            "x_cache": sent.get("x-cache"),
        }
        logger.info("request", extra={"fields": fields})
