"""Run in a rendered project: deploys to a throw-away server that gets a domain later.

Prints as JSON what the server and its scripts said. The domain is localhost, for which
Caddy makes a certificate of its own: the rest is as with a public one.
"""

import json
import secrets
import subprocess
import tempfile

from lab.rehearsal import PROJECT, releases
from lab.rehearsal.docker import remove_all
from lab.rehearsal.host import Host
from tools.polling import wait_until

CA = "/var/lib/library/caddy/caddy/pki/authorities/local/root.crt"
API = "localhost/api/v1"
CURL = ("curl", "-sS", "-i", "-m", "10", "--retry", "5", "--retry-all-errors")
TRUSTED = (*CURL, "--cacert", CA)
CONFIG = "/opt/library/config.env"
SETTINGS = {"CACHE_TTL": "77", "THROTTLE_LOGIN": "40/min"}
CONTAINERS = "docker inspect --format '{{json .Config.Env}}' $(docker ps -q)"


def run(command):
    """Return the exit code and the output of a command."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def script(host, *command):
    """Return the exit code and the output of one of the server's scripts."""
    return run(host.script(*command))


def with_fault(host, at, fault, tag="v1"):
    """The same for a deploy with a fault, and the colour that serves after it."""
    return *run(host.deploy_with_fault(tag, at, fault)), host.live()


def set_up(host):
    """Make a server with settings but no domain, and two releases in its registry."""
    host.start()
    releases.build(host, "v1")
    releases.build_mislabelled(host)
    settings = {"REGISTRY": host.repository, "AWS_REGION": "here"}
    host.install(PROJECT, settings | SETTINGS)


def set_domain(host, domain):
    host.inside("sh", "-c", f"sed -i '/^DOMAIN=/d; $ a DOMAIN={domain}' {CONFIG}")


def walk(host):
    """Deploy, set the domain, ask, roll back and break; return what was said."""
    said = {"before": script(host, "health-checker.sh")}
    said["plain"] = script(host, "deploy.sh", "v1")
    said["plain http"] = host.inside(*CURL, f"http://{API}/books")
    set_domain(host, "localhost")
    said["deploy"] = script(host, "deploy.sh", "v1")
    said["https"] = host.inside(*TRUSTED, f"https://{API}/common/health-check")
    said["http"] = host.inside(*CURL, f"http://{API}/common/health-check")
    said["books"] = host.inside(*TRUSTED, f"https://{API}/books")
    said["well"] = script(host, "health-checker.sh")
    said["rollback"] = script(host, "health-checker.sh", "--rollback")
    said["web"] = host.inside("docker", "exec", f"library-web-{host.live()}-1", "env")
    said["containers"] = host.inside("sh", "-c", CONTAINERS)
    said |= accidents(host)
    host.inside("docker", "stop", f"library-web-{host.live()}-1")
    said["ill"] = script(host, "health-checker.sh")
    said["secrets"] = host.inside("cat", "/var/lib/library/secrets.env")
    said["logins"] = logins(host)
    return said


def logins(host):
    """Return where the registry's password is kept."""
    places = ("/root", "/home", "/tmp", "/var/lib/library")
    return host.inside("find", *places, "-name", "config.json")


def accidents(host):
    """Interrupt deploys and lose their connection; return what was said."""
    said = {"colour": host.live()}
    for signal in ("INT", "TERM"):
        kill = f"kill -{signal} $$"
        said[signal] = with_fault(host, "quietly docker --config", kill)
        said[f"{signal} later"] = with_fault(host, "wait_until_healthy", kill)
    said["logins of the interrupted"] = logins(host)
    said["too late"] = with_fault(host, "quietly docker tag", "kill -TERM $$")
    # What fails after the switch goes back to the old colour at the old address.
    set_domain(host, "other.localhost")
    said["wrong"] = *script(host, "deploy.sh", "mislabelled"), host.live()
    set_domain(host, "localhost")
    said["https again"] = host.inside(*TRUSTED, f"https://{API}/books")
    # In the way of the file that would send readers back.
    obstacle = "/var/lib/library/proxy/colour.new"
    said["no way back"] = with_fault(
        host, "take_back", f"mkdir {obstacle}", "mislabelled"
    )
    said["still"] = host.inside(*TRUSTED, f"https://{API}/common/health-check")
    host.inside("rmdir", obstacle)
    said["recovered"] = script(host, "deploy.sh", "v1")
    said["registry"] = without_a_registry(host)
    said["full"] = with_a_full_disk(host)
    said["password"] = with_another_password(host)
    said["lost"] = lose_the_connection(host)
    return said


def without_a_registry(host):
    """Return what a deploy says whose registry refuses its password."""
    password = host.inside("cat", "/etc/registry-password")
    host.inside("tee", "/etc/registry-password", stdin="wrong")
    said = script(host, "deploy.sh", "never-seen")
    host.inside("tee", "/etc/registry-password", stdin=password)
    return said


def with_a_full_disk(host):
    """Return what a deploy says that can't write the proxy's file, and what it left."""
    proxy = "/var/lib/library/proxy"
    host.inside("mount", "-t", "tmpfs", "-o", "size=4k", "none", proxy)
    host.inside("sh", "-c", f"head -c 4096 /dev/zero > {proxy}/full")
    said = script(host, "deploy.sh", "v1")
    left = host.inside("find", proxy, "-name", "*.caddy")
    host.inside("umount", proxy)
    return *said, left


def with_another_password(host):
    """Return what a deploy says to whom the database refuses the password."""
    path = "/var/lib/library/secrets.env"
    before = host.inside("cat", path)
    host.inside("sed", "-i", "s/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=other/", path)
    said = script(host, "deploy.sh", "v1")
    host.inside("tee", path, stdin=before + "\n")
    return said


def lose_the_connection(host):
    """Kill the SSH client of a deploy with a terminal; return whether it went on."""
    before = host.live()
    ssh, *rest = host.script("deploy.sh", "v1")
    client = subprocess.Popen(
        (ssh, "-tt", *rest), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    for line in client.stdout:
        if "migrating" in line:
            break
    client.kill()
    client.wait()
    try:
        wait_until(lambda: host.live() not in (before, None), "the switch", 120)
    except TimeoutError as error:
        return str(error)
    # Until it has ended, it would still take back a release that falls ill.
    host.inside("flock", "--timeout", "120", "/var/lib/library/deploy/lock", "true")
    return "it went on"


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
