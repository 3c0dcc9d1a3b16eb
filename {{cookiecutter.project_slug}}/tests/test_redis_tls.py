"""Over TLS the API asks who signed the certificate that Redis shows, and for whom."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

import pytest

from caching.stores import get_store
from tests import caches
from tests.left_out import leave_out

pytestmark = pytest.mark.once
CERTIFY = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=redis"


@pytest.fixture
def certificate(tmp_path):
    """Return a certificate for `localhost`, signed by nobody whom the system knows."""
    if not shutil.which("openssl"):
        leave_out("no certificate: install openssl")
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "crt.pem"]
    name = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*CERTIFY.split(), *name, *files], check=True, capture_output=True, timeout=60
    )
    return tmp_path / "crt.pem"


class Relay(BaseRequestHandler):
    """Ends a client's TLS, and hands what it says to the real Redis."""

    def handle(self):
        """Copy both ways, until one of them closes."""
        server = self.server
        # Who refuses our certificate hangs up.
        with contextlib.suppress(OSError):
            client = server.context.wrap_socket(self.request, server_side=True)
            with client, socket.create_connection(server.redis) as redis:
                back = threading.Thread(target=copy, args=(redis, client))
                back.start()
                copy(client, redis)
                back.join()


def copy(source, target):
    """Send on what a connection says, until it ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def at(certificate, redis_url):
    """Return the URL of a Redis that speaks TLS, under a name of this machine.

    A relay speaks it: the Redis of Valkey's wheel has none.
    """
    given = urlsplit(redis_url)
    with ThreadingTCPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.redis = (given.hostname, given.port)
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        threading.Thread(target=server.serve_forever).start()
        port, user = server.server_address[1], given.netloc.rpartition("@")
        yield lambda name: f"rediss://{user[0]}{user[1]}{name}:{port}{given.path}"
        server.shutdown()


@pytest.fixture
def signer_known(certificate, monkeypatch):
    """Let the system know who signed the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def answers(settings, url):
    """Return whether a Redis answers the API's cache at this address."""
    settings.CACHING = caches.caching(url)
    return get_store().ping()


def test_its_own_certificate_is_accepted(settings, at, signer_known):
    assert answers(settings, at("localhost"))


def test_another_hosts_is_refused(settings, at, signer_known):
    assert not answers(settings, at("127.0.0.1"))


def test_one_signed_by_nobody_known_is_refused(settings, at):
    assert not answers(settings, at("localhost"))
