"""How lines of the log are written. No text of a client can make a line of its own."""

import json
import logging
from datetime import datetime, timezone

from common import request_ids

# Control characters, but for line ends.
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127) if code != 10}


class JSONLine(logging.Formatter):
    """Writes an event as one line of JSON: its name, and the record's `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. JSON escapes all that isn't ASCII, line ends included."""
        time = datetime.fromtimestamp(record.created, timezone.utc)
        about = {
            "time": time.isoformat(timespec="milliseconds"),
            "log": record.name,
            "event": record.getMessage(),
        }
        return json.dumps(about | getattr(record, "fields", {}), default=str)


class TextLine(logging.Formatter):
    """Writes a record for people, with the id of its request.

    Only its first line begins at the margin, so none can pass for an event.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record; lines after the first (a traceback's) are indented."""
        asked = request_ids.current()
        record.request_id = asked.request_id if asked else "-"
        return super().format(record).translate(CONTROLS).replace("\n", "\n    ")
