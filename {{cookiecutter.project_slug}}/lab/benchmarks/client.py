"""The client of the benchmarks: any answer but 2xx is an error."""

from lab.harness import clients
from lab.harness.clients import Answer

# Seconds. Some strategies are slow.
TIMEOUT = 300
# How an answer begins that is no error.
FINE = b"HTTP/1.1 2"


class WrongAnswer(Exception):
    """A server answered with an error, or not as the others do."""


class Connection(clients.Connection):
    """A connection to a server here. Raises WrongAnswer for any answer but 2xx."""

    def __init__(self, port, token=""):
        super().__init__(f"http://127.0.0.1:{port}", token, TIMEOUT)

    def exchange(self, request):
        """Send the bytes of a request; return the Answer."""
        answer = super().exchange(request)
        if not answer.head.startswith(FINE):
            line = request.partition(b"\r\n")[0].decode()
            raise WrongAnswer(f"{line}: {answer.status} {answer.body[:300]!r}")
        return answer

    def usage(self):
        """Return (process id, CPU seconds so far) of the connection's worker."""
        process, nanoseconds = self.get("/usage").sent.split()
        return int(process), int(nanoseconds) / 1e9


def query_count(answer: Answer) -> int:
    """Return how many database queries an answer took."""
    return int(answer.header("X-Queries"))
