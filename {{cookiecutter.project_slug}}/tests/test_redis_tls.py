"""Over TLS the API asks who signed the certificate that Redis shows, and for whom."""

import shutil
import subprocess

import pytest

from caching.stores import get_store
from tests import caches
from tests.left_out import leave_out
from tools.ports import free_port

pytestmark = pytest.mark.once
CERTIFY = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=redis"


@pytest.fixture
def certificate(tmp_path):
    """Return a certificate for `localhost`, signed by nobody whom the system knows."""
    if not (shutil.which("openssl") and shutil.which("redis-server")):
        leave_out("no TLS: install openssl and redis-server (Valkey's wheel has none)")
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "crt.pem"]
    name = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*CERTIFY.split(), *name, *files], check=True, capture_output=True, timeout=60
    )
    return tmp_path / "crt.pem"


@pytest.fixture
def port(certificate, own_redis):
    """Return the port on which a Redis speaks TLS."""
    port = str(free_port())
    own_redis(
        *("--tls-port", port, "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificate)),
        *("--tls-key-file", str(certificate.with_name("key.pem"))),
        *("--tls-ca-cert-file", str(certificate)),
    )
    return port


@pytest.fixture
def signer_known(certificate, monkeypatch):
    """Let the system know who signed the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def answers(settings, url):
    """Return whether a Redis answers the API's cache at this address."""
    settings.CACHING = caches.caching(url)
    return get_store().ping()


def test_its_own_certificate_is_accepted(settings, port, signer_known):
    assert answers(settings, f"rediss://localhost:{port}/0")


def test_another_hosts_is_refused(settings, port, signer_known):
    assert not answers(settings, f"rediss://127.0.0.1:{port}/0")


def test_one_signed_by_nobody_known_is_refused(settings, port):
    assert not answers(settings, f"rediss://localhost:{port}/0")
