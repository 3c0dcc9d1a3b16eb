"""An HTTP server of a test's own, on this machine."""

import contextlib
import http.server
import threading


class Answering(http.server.BaseHTTPRequestHandler):
    """A handler that sends whole answers, and logs nothing."""

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving(handler):
    """Yield a server of this handler, with its `url`; it ends with the block."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()
