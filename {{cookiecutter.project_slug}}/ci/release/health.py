"""Asks the API from outside which release answers."""

import http.client
import json
import time
import urllib.error
import urllib.request

from ci.release.command import ReleaseError, say

# Seconds.
PATIENCE = 30


def serving(api_url: str) -> str | None:
    """Return the release that answers as healthy; None if none does."""
    try:
        address = f"{api_url}/common/health-check"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(json.load(answer)["release"])
    except urllib.error.HTTPError as error:
        error.close()
        return None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        # Nothing there, an answer that is cut off, no JSON, or other JSON.
        return None


def check(api_url: str, tag: str) -> None:
    """Wait until release `tag` answers; raise ReleaseError after PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while (seen := serving(api_url)) != tag:
        if time.monotonic() > deadline:
            said = f"release {seen} answers" if seen else "nothing answers"
            raise ReleaseError(f"{said} at {api_url}, not {tag}")
        time.sleep(1)
    say(f"{tag} answers at {api_url}")
