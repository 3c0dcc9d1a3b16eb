"""The part of GitHub's API that the report uses: a pull request and its comments."""

import contextlib
import http.server
import io
import json
import re
import threading
import zipfile
from pathlib import Path

COMMENTS = re.compile(r"/repos/reader/library/issues/7/comments(\?.*)?$")


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "/actions/artifacts" in self.path:
            return self.answer(200, {"artifacts": self.artifacts()})
        if self.path == "/archive":
            return self.send(200, zipped(self.server.main))
        if COMMENTS.match(self.path):
            return self.answer(200, self.server.comments)
        return self.answer(404, {})

    def do_POST(self):
        if self.server.read_only:
            return self.answer(403, {})
        comment = {
            "url": f"{self.server.url}/comments/{len(self.server.comments)}",
            "user": {"login": "github-actions[bot]"},
            "body": self.content()["body"],
        }
        self.server.comments.append(comment)
        self.answer(201, comment)

    def do_PATCH(self):
        comment = self.server.comments[int(self.path.rpartition("/")[2])]
        comment["body"] = self.content()["body"]
        self.answer(200, comment)

    def artifacts(self):
        run = {"head_branch": "main", "head_repository_id": 1, "repository_id": 1}
        archive = f"{self.server.url}/archive"
        one = {"workflow_run": run, "expired": False, "archive_download_url": archive}
        return [one] if self.server.main else []

    def content(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status, content):
        self.send(status, json.dumps(content).encode())

    def send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def zipped(folder):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in filter(Path.is_file, folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()


@contextlib.contextmanager
def pull_request(runner, main=None, read_only=False):
    """Yield the server with the comments, and what GitHub tells a job there about it.

    `main` holds what the main branch's tests left. A pull request from a fork gets a
    token that is read-only.
    """
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.comments, server.url = [], f"http://127.0.0.1:{server.server_port}"
    server.main, server.read_only = main, read_only
    threading.Thread(target=server.serve_forever, daemon=True).start()
    about = {"number": 7, "head": {"sha": "c" * 40}, "base": {"ref": "main"}}
    event = runner.keep("event.json", json.dumps({"pull_request": about}))
    environment = {
        "GITHUB_API_URL": server.url,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "reader/library",
        "GITHUB_RUN_ID": "12",
        "GITHUB_SHA": "d" * 40,
    }
    try:
        yield server, environment
    finally:
        server.shutdown()
        server.server_close()
