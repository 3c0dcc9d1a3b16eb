"""Run in a rendered project: deploys to a throw-away server that has a domain.

Prints as JSON what the server and its scripts said. The domain is localhost, for which
Caddy makes a certificate of its own: the rest is as with a public one.
"""

import json
import secrets
import subprocess
import tempfile

from rehearsal import PROJECT, releases
from rehearsal.docker import remove_all
from rehearsal.host import Host

CA = "/var/lib/library/caddy/caddy/pki/authorities/local/root.crt"
API = "localhost/api/v1"
CURL = ("curl", "-sS", "-i", "-m", "10", "--retry", "5", "--retry-all-errors")


def script(host, *command):
    """Return the exit code and the output of one of the server's scripts."""
    done = subprocess.run(
        host.script(*command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def set_up(host):
    """Make a server with a domain, and one release in its registry."""
    host.start()
    releases.build(host, "v1")
    settings = {"REGISTRY": host.repository, "AWS_REGION": "here"}
    host.install(PROJECT / "scripts", settings | {"DOMAIN": "localhost"})


def walk(host):
    """Deploy, ask, roll back and break; return what was said."""
    said = {"before": script(host, "health-checker.sh")}
    said["deploy"] = script(host, "deploy.sh", "v1")
    trusted = (*CURL, "--cacert", CA)
    said["https"] = host.inside(*trusted, f"https://{API}/common/health-check")
    said["http"] = host.inside(*CURL, f"http://{API}/common/health-check")
    said["books"] = host.inside(*trusted, f"https://{API}/books")
    said["well"] = script(host, "health-checker.sh")
    said["rollback"] = script(host, "health-checker.sh", "--rollback")
    host.inside("docker", "stop", f"library-web-{host.live()}-1")
    said["ill"] = script(host, "health-checker.sh")
    said["secrets"] = host.inside("cat", "/var/lib/library/secrets.env")
    said["logins"] = host.inside("find", "/root", "/home", "-name", "config.json")
    return said


def main():
    run_id = secrets.token_hex(4)
    try:
        with tempfile.TemporaryDirectory() as folder:
            host = Host(run_id, folder)
            set_up(host)
            print(json.dumps(walk(host)))
    finally:
        remove_all(run_id)


if __name__ == "__main__":
    main()
