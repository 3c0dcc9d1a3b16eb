"""AWS for the deployment: the real `aws` command, and the rehearsal's server.

ECR's questions go to the rehearsal's registry, a command for Systems Manager runs on
its throw-away server, and the deployment asks AWS nothing else.
"""

import base64
import contextlib
import http.server
import json
import re
import subprocess
import threading
import urllib.error
import urllib.request
import uuid

# What the deploy document does: first the machine, then the release.
DOCUMENT = "sudo /opt/library/host/prepare.sh && sudo /opt/library/deploy.sh {tag}"
ACCEPTED_TAG = re.compile(r"^[0-9a-f]{7,40}$")
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Refusal(Exception):
    """What AWS would refuse; the first argument is its error code."""


class Cloud:
    """Answers one AWS call after another; `host` is the rehearsal's server."""

    document, instance = "library-deploy", "i-0123456789abcdef0"

    # How often the server is still unknown, as for minutes after it was made.
    unknown = 0
    # Switched off, it takes up no command; a command waits as long as it was told to.
    off = False
    waits_by_default = 3600

    def __init__(self, host):
        self.host = host
        self.registry, _, self.name = host.repository.partition("/")
        self.commands = {}

    def answer(self, operation, asked):
        return getattr(self, f"on_{operation}")(**asked)

    def on_GetAuthorizationToken(self):
        token = base64.b64encode(f"AWS:{self.host.password}".encode()).decode()
        login = {
            "authorizationToken": token,
            "proxyEndpoint": f"https://{self.registry}",
        }
        return {"authorizationData": [login]}

    def on_DescribeImages(self, repositoryName, filter):
        assert (repositoryName, filter) == (self.name, {"tagStatus": "TAGGED"})
        return {"imageDetails": [{"imageTags": [tag]} for tag in self.tags()]}

    def tags(self):
        try:
            return json.loads(self.ask("GET", "tags/list")[0])["tags"] or []
        except urllib.error.HTTPError:
            return []  # nothing was pushed yet

    def on_BatchGetImage(self, repositoryName, imageIds):
        (wanted,) = imageIds
        try:
            manifest, headers = self.ask("GET", f"manifests/{wanted['imageTag']}")
        except urllib.error.HTTPError:
            return {"images": [], "failures": []}
        digest = headers["Docker-Content-Digest"]
        image = {
            "imageId": {"imageTag": wanted["imageTag"], "imageDigest": digest},
            "imageManifest": manifest.decode(),
            "imageManifestMediaType": headers["Content-Type"],
        }
        return {"images": [image], "failures": []}

    def on_PutImage(self, imageManifest, imageManifestMediaType, imageTag, **_):
        self.ask("PUT", f"manifests/{imageTag}", imageManifest.encode())
        return {"image": {"imageId": {"imageTag": imageTag}}}

    def on_SendCommand(self, DocumentName, InstanceIds, Parameters, **more):
        if DocumentName != self.document:
            raise Refusal("InvalidDocument", "no such document")
        if InstanceIds != [self.instance] or self.unknown:
            self.unknown = max(0, self.unknown - 1)
            raise Refusal("InvalidInstanceId", "not in a valid state for the account")
        self.waits = more.get("TimeoutSeconds", self.waits_by_default)
        (tag,) = Parameters["Tag"]
        if not ACCEPTED_TAG.match(tag):
            raise Refusal("InvalidParameters", "Tag has another shape")
        command = str(uuid.uuid4())
        self.commands[command] = None if self.off else self.start(tag)
        return {"Command": {"CommandId": command}}

    def start(self, tag):
        process = subprocess.Popen(
            self.host.ssh_command(DOCUMENT.format(tag=tag)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        process.said = ""

        def read():
            for line in process.stdout:
                process.said += line

        process.reader = threading.Thread(target=read)
        process.reader.start()
        return process

    def on_GetCommandInvocation(self, CommandId, InstanceId):
        process = self.commands[CommandId]
        if not process:
            return self.not_taken_up()
        code = process.poll()
        if code is not None:
            process.reader.join()
        status = {None: "InProgress", 0: "Success"}.get(code, "Failed")
        return {
            "Status": status,
            "StatusDetails": status,
            "ResponseCode": -1 if code is None else code,
            "StandardOutputContent": process.said,
            "StandardErrorContent": "",
        }

    def not_taken_up(self):
        """Minutes pass at once here; an hour does not pass."""
        over = self.waits < self.waits_by_default
        return {
            "Status": "TimedOut" if over else "Pending",
            "StatusDetails": "DeliveryTimedOut" if over else "Pending",
            "ResponseCode": -1,
            "StandardOutputContent": "",
            "StandardErrorContent": "",
        }

    def ask(self, method, path, content=None):
        """Send a request to the registry, with the deployment's login."""
        request = urllib.request.Request(
            f"http://{self.registry}/v2/{self.name}/{path}", content, method=method
        )
        login = base64.b64encode(f"AWS:{self.host.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
        request.add_header("Accept", MANIFEST)
        request.add_header("Content-Type", MANIFEST)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read(), answer.headers

    def digest(self, tag):
        return self.ask("GET", f"manifests/{tag}")[1]["Docker-Content-Digest"]


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Speaks AWS's JSON; to anything else it has no answer."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        try:
            answer = self.server.cloud.answer(operation, json.loads(body))
            self.send(200, json.dumps(answer).encode(), "application/x-amz-json-1.1")
        except Refusal as refusal:
            code, message = refusal.args
            error = json.dumps({"__type": code, "message": message}).encode()
            self.send(400, error, "application/x-amz-json-1.1")

    def send(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving(cloud):
    """Yield the server, which has a `url`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.cloud = cloud
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
