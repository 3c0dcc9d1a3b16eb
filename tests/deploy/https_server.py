"""Run in a rendered project: deploys to a throw-away server that has a domain.

Prints as JSON what the server answered. The domain is localhost, for which Caddy makes
a certificate of its own: the rest is as with a public one.
"""

import json
import secrets
import subprocess
import tempfile

from rehearsal import PROJECT, releases
from rehearsal.docker import remove_all
from rehearsal.host import Host

CA = "/var/lib/library/caddy/caddy/pki/authorities/local/root.crt"
HEALTH = "/api/v1/common/health-check"
CURL = ("curl", "-sS", "-i", "-m", "10", "--retry", "5", "--retry-all-errors")


def answers(host):
    """Deploy to `host` and return its answers, headers first."""
    host.start()
    releases.build(host, "v1")
    settings = {"REGISTRY": host.repository, "AWS_REGION": "here"}
    host.install(PROJECT / "scripts", settings | {"DOMAIN": "localhost"})
    deploy = subprocess.run(
        host.script("deploy.sh", "v1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = {"exit_code": deploy.returncode, "deploy": deploy.stdout}
    if deploy.returncode == 0:
        trusted = (*CURL, "--cacert", CA)
        said["https"] = host.inside(*trusted, f"https://localhost{HEALTH}")
        said["http"] = host.inside(*CURL, f"http://localhost{HEALTH}")
        said["books"] = host.inside(*trusted, "https://localhost/api/v1/books")
    return said


def main():
    run_id = secrets.token_hex(4)
    try:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(answers(Host(run_id, folder))))
    finally:
        remove_all(run_id)


if __name__ == "__main__":
    main()
