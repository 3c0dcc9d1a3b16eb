"""What the store holds of each watched table now."""

import time
from typing import Any

from caching.conf import conf
from caching.stamps import (
    QUARANTINE,
    intended_change,
    parse_stamps,
    recent_items,
    recent_key,
)
from caching.stores import Unavailable, get_store
from caching.watching import watched_tables

# Changes of a table that are shown, the newest.
SHOWN = 6
# Deadlines are in the store's time: that of Redis, or this process's own.
STARTED = time.time() - time.monotonic()


def read_state() -> dict[str, Any]:
    """Return the store's state, and each table's stamp, intents and recent changes."""
    names = watched_tables()
    try:
        values, texts = get_store().read([recent_key(name) for name in names], names)
    except Unavailable:
        return {"store": "away", "tables": []}
    stamps = parse_stamps(texts)
    recent = dict(zip(names, values))
    tables = [_table(name, stamps.get(name, []), recent[name]) for name in names]
    return {"store": "ok", "lock": conf().lock, "tables": tables}


def _table(name: str, fields: list[str], recent: bytes | None) -> dict[str, Any]:
    known = [(token, change) for token, change in recent_items(recent) if change]
    return {
        "name": name,
        "token": fields[0] if fields else "",
        "epoch": fields[1] if fields else "",
        "intents": [_intent(text) for text in fields[2:]],
        "changes": [{"token": t, "change": change} for t, change in known[-SHOWN:]],
    }


def _intent(text: str) -> dict[str, Any]:
    writer, deadline, _ = text.split(":", 2)
    began = 0 if conf().redis_url else STARTED * 1000
    return {
        "writer": writer,
        "quarantine": writer == QUARANTINE,
        "until": round(int(deadline) + began),
        "change": str(intended_change(text)),
    }
