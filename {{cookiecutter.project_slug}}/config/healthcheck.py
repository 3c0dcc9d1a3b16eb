"""Docker's health check: exits with 0 if the API in this container can serve."""

import http.client
import os
import sys

PATH = "/api/v1/common/health-check"


def accepted_host() -> str:
    """Return a host name that Django accepts: the first in `ALLOWED_HOSTS`."""
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return first.lstrip("*.") or "localhost"


def ask(port: int, timeout: float = 8) -> tuple[int, str]:
    """Return the HTTP status and the first 500 bytes of the body, as text.

    `timeout` is in seconds. Raises OSError or HTTPException if there is no answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("GET", PATH, headers={"Host": accepted_host()})
    answer = connection.getresponse()
    return answer.status, answer.read(500).decode(errors="replace")


def main() -> None:
    """Print the answer; exit with 0 for status 200, else with 1."""
    try:
        status, body = ask(int(os.environ.get("PORT", "8000")))
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"no answer: {error}")
    print(status, body)
    sys.exit(status != 200)


if __name__ == "__main__":
    main()
