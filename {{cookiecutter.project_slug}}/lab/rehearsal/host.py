"""The throw-away server: a container with a Docker engine, sshd and a registry."""

import contextlib
import io
import os
import secrets
import shlex
import subprocess
import tarfile
from pathlib import Path

import httpx

from lab.rehearsal import PROJECT
from lab.rehearsal.docker import LABEL, RehearsalError, docker, engine_address, run
from tools.polling import wait_until
from tools.ports import free_port

MEMORY = "1g"
CPU_PERIOD = 100_000  # microseconds
IMAGES_ON_SERVER = ("redis:8", "postgres:17", "caddy:2")
HEALTH = "/api/v1/common/health-check"
COMPLAINTS = """\
for container in $(docker ps --all --quiet --filter name=library-web-); do
  docker logs "$container" 2>&1 | grep -E 'ERROR|CRITICAL|[A-Za-z]+Error: ' | tail -n 4
done"""
# Long enough for the fault that a scenario has; each deploy waits for so many seconds.
BAKE = "BAKE_SECONDS=6"
# Bash reads this file before the deploy's scripts (BASH_ENV). It runs $FAULT right
# before the command that begins with $FAULT_AT.
FAULT_FILE = "/opt/fault.sh"
# BASH_ENV stays set until the fault, because one script starts the next.
INJECT_FAULT = """\
exec 3>&1
set -T
inject_fault() {
  echo "FAULT before: $BASH_COMMAND" >&3
  trap - DEBUG
  unset BASH_ENV
  eval "$FAULT"
}
trap '[[ $BASH_COMMAND != "$FAULT_AT"* ]] || inject_fault' DEBUG
"""
# Containers first: they have the folders open.
LOSE = """\
set -e
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force
for folder; do find "$folder" -mindepth 1 -delete; done"""
NEWER = """\
set -e
container=$(docker create "$1")
docker commit --change 'LABEL newer=yes' "$container" "$1"
docker rm "$container"
"""
START_ENGINE = "setsid dockerd >> /var/log/dockerd.log 2>&1 < /dev/null &"
STOP_ENGINE = """\
kill "$(cat /var/run/docker.pid)"
while [ -e /var/run/docker.pid ]; do sleep 0.1; done"""
# The rights that an engine inside a container needs; far fewer than --privileged.
RIGHTS = [
    *("--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cap-add", "SYS_PTRACE"),
    *("--security-opt", "seccomp=unconfined"),
    *("--security-opt", "apparmor=unconfined"),
    *("--security-opt", "systempaths=unconfined"),
]


# For a disk of the data's own, which can be filled (see server.sh).
LOOP_DEVICES = (
    *("--device-cgroup-rule", "b 7:* rmw"),
    *("--device-cgroup-rule", "c 10:237 rmw"),
)


class Host:
    """One server with 1 GiB of memory; its SSH key is in `folder`."""

    def __init__(self, run_id, folder):
        self.run_id = run_id
        self.name = f"library-rehearsal-{run_id}"
        self.folder = Path(folder)
        self.label = f"{LABEL}={run_id}"
        self.ssh_port, self.http_port = free_port(), free_port()
        self.registry_port = free_port()
        self.repository = f"127.0.0.1:{self.registry_port}/library"
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.password = secrets.token_hex(16)

    def start(self):
        """Start the server and its registry, and load the base images into it."""
        docker(
            "build",
            "--quiet",
            "--label",
            self.label,
            "--tag",
            self.name,
            PROJECT / "lab/rehearsal/host",
        )
        self._start_server()
        self._start_registry()
        self._open_ssh()
        self._install_images()

    def _start_server(self):
        ports = [
            *("--publish", f"127.0.0.1:{self.ssh_port}:22"),
            *("--publish", f"127.0.0.1:{self.http_port}:80"),
            *("--publish", f"127.0.0.1:{self.registry_port}:{self.registry_port}"),
        ]
        docker(
            *("run", "--detach", "--name", self.name, "--hostname", "server"),
            *("--label", self.label, "--tmpfs", "/run", *RIGHTS, *ports),
            *("--memory", MEMORY, "--memory-swap", MEMORY),
            # The volumes survive the container, as the data volume does on AWS.
            *self._volume("engine", "/var/lib/docker"),
            *self._volume("data", "/var/lib/library"),
            *self._volume("bucket", "/var/lib/bucket"),
            *LOOP_DEVICES,
            self.name,
        )
        self.wait_for_engine()
        self._configure_engine()

    def _configure_engine(self):
        settings = (PROJECT / "terraform/host/daemon.json").read_text(encoding="utf-8")
        self.inside("mkdir", "-p", "/etc/docker")
        self.inside("tee", "/etc/docker/daemon.json", stdin=settings)
        self.inside("sh", "-c", 'kill -HUP "$(cat /var/run/docker.pid)"')

    def _volume(self, kind, target):
        name = f"{self.name}-{kind}"
        docker("volume", "create", "--label", self.label, name)
        return "--volume", f"{name}:{target}"

    def wait_for_engine(self):
        """Wait until the server's Docker engine answers."""
        wait_until(lambda: self._quiet("docker", "info"), "the server's boot")

    def _quiet(self, *command):
        with contextlib.suppress(RehearsalError):
            self.inside(*command)
            return True
        return False

    def _start_registry(self):
        # In the server's network, so that its address is the same there and here.
        docker(
            *("run", "--detach", "--name", f"{self.name}-registry"),
            *("--label", self.label, "--network", f"container:{self.name}"),
            *("--env", "REGISTRY_PASSWORD", self.name),
            *("registry.sh", str(self.registry_port)),
            env=os.environ | {"REGISTRY_PASSWORD": self.password},
        )
        self.inside("tee", "/etc/registry-password", stdin=self.password)

    def _open_ssh(self):
        key = self.folder / "key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        public = key.with_suffix(".pub").read_text()
        self.inside("tee", "/home/ec2-user/.ssh/authorized_keys", stdin=public)
        own = self.inside("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        known = f"[127.0.0.1]:{self.ssh_port} {own}\n"
        (self.folder / "known_hosts").write_text(known)
        wait_until(self._lets_us_in, "the server's first SSH answer")

    def _lets_us_in(self):
        return self.ssh("true").returncode == 0

    def _install_images(self):
        for image in IMAGES_ON_SERVER:
            save = subprocess.Popen(("docker", "save", image), stdout=subprocess.PIPE)
            load = ("docker", "exec", "-i", self.name, "docker", "load", "--quiet")
            subprocess.run(
                load, stdin=save.stdout, stdout=subprocess.DEVNULL, check=True
            )
            save.wait()

    def bring_newer(self, image):
        """Give the server another image of the same name, as a pull would."""
        self.inside("sh", "-c", NEWER, "sh", image)

    def runs_older(self, image):
        """Return whether no container runs on the image that has this name now."""
        running = self.inside("docker", "ps", "--format", "{{.Image}}")
        return image not in running.splitlines()

    def inside(self, *command, stdin=None):
        """Run a command on the server as root, without SSH; return what it prints."""
        attach = ("--interactive",) if stdin is not None else ()
        return docker("exec", *attach, self.name, *command, stdin=stdin)

    @contextlib.contextmanager
    def beginning(self, *command):
        """Run a command on the server while the block runs, and wait for its end."""
        run_it = ("docker", "exec", self.name, *command)
        process = subprocess.Popen(run_it, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.wait()

    def ssh_command(self, command):
        """Return the local command that runs a shell command on the server over SSH."""
        options = {
            "UserKnownHostsFile": self.folder / "known_hosts",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
        }
        chosen = [f"-o{name}={value}" for name, value in options.items()]
        where = ["-F", "none", "-i", self.folder / "key", "-p", str(self.ssh_port)]
        return ["ssh", *where, *chosen, "ec2-user@127.0.0.1", command]

    def ssh(self, command, stdin=None):
        """Run a shell command over SSH, `stdin` in bytes; return the ended process."""
        return subprocess.run(
            self.ssh_command(command), input=stdin, capture_output=True, check=False
        )

    def install(self, project, config):
        """Copy what Terraform installs into /opt/library, and run the first boot.

        `config`, {name: value} without secrets, becomes config.env. Raises
        RehearsalError.
        """
        self.config = config
        (self.folder / "config.env").write_text(as_lines(config))
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(project / "terraform/entry", arcname=".")
            tar.add(project / "scripts", arcname="terraform/scripts")
            tar.add(self.folder / "config.env", arcname="config.env")
        unpack = "sudo tar -x --no-same-owner -C /opt/library"
        first_boot = "sudo /opt/library/terraform/scripts/first-boot.sh"
        result = self.ssh(f"{unpack} && {first_boot}", stdin=archive.getvalue())
        if result.returncode:
            raise RehearsalError(
                f"the server's set-up: {result.stderr.decode().strip()}"
            )

    def configure(self, config):
        """Replace config.env, {name: value}; the next deploy reads it."""
        self.inside("tee", "/opt/library/config.env", stdin=as_lines(config))

    def script(self, name, *arguments):
        """Return the local command that runs a script of /opt/library as root."""
        command = ["sudo", "env", BAKE, f"/opt/library/{name}", *arguments]
        return self.ssh_command(shlex.join(command))

    def deploy_with_fault(self, tag, at, fault):
        """Return the local command of a deploy with a fault right before a command.

        `at` is the beginning of that command, in /opt/library/deploy.sh or in the
        release's own deploy.sh; `fault` is shell code.
        """
        self.inside("tee", FAULT_FILE, stdin=INJECT_FAULT)
        fault = [
            f"BASH_ENV={FAULT_FILE}",
            f"FAULT_AT={at}",
            f"FAULT={fault}",
        ]
        deploy = ["sudo", "env", BAKE, *fault, "/opt/library/deploy.sh", tag]
        return self.ssh_command(shlex.join(deploy))

    def push(self, tag):
        """Push the release `tag` to the registry, with a login that is not stored."""
        config = self.folder / "docker"
        env = os.environ | {
            "DOCKER_CONFIG": str(config),
            "DOCKER_HOST": engine_address(),
        }
        registry = self.repository.partition("/")[0]
        login = ("login", "--username", "AWS", "--password-stdin", registry)
        docker(*login, stdin=self.password, env=env)
        docker("push", "--quiet", f"{self.repository}:{tag}", env=env)

    def manage(self, *arguments, **environment):
        """Run a manage.py command in the live container; return what it prints."""
        names = [word for name in environment for word in ("--env", name)]
        pairs = [f"{name}={value}" for name, value in environment.items()]
        command = ("docker", "exec", *names, self.live_name(), "python", "manage.py")
        return self.inside("env", *pairs, *command, *arguments)

    def sql(self, query):
        """Return the rows of a query on the server's database, as lines."""
        psql = ("psql", "--username=library", "--tuples-only", "--no-align")
        return self.inside(
            "docker", "exec", "library-db-1", *psql, f"--command={query}"
        ).splitlines()

    def rows(self):
        """Return {what: number of rows} of the server's database."""
        lines = self.sql(
            "SELECT 'books', count(*) FROM books_book UNION ALL "
            "SELECT 'readers', count(*) FROM users_user"
        )
        return {what: int(count) for what, count in (row.split("|") for row in lines)}

    def lose(self, *folders):
        """Remove every container, and all that is in these folders."""
        self.inside("sh", "-c", LOSE, "lose", *folders)

    def complaints(self):
        """Return the last errors in the logs of both colours, at most four of each."""
        return self.inside("sh", "-c", COMPLAINTS).splitlines()

    def live_container(self, fact):
        """Return a fact about the live container; `fact` is docker's --format."""
        return self.inside("docker", "inspect", "--format", fact, self.live_name())

    def live_name(self):
        """Return the name of the live container."""
        return f"library-web-{self.live()}-1"

    def live(self):
        """Return the colour that the proxy forwards to; None if the proxy is down."""
        with contextlib.suppress(RehearsalError):
            return self.inside(
                "curl", "-fsS", "-m", "3", "http://127.0.0.1:8081/colour"
            )

    def releases(self):
        """Return the tags of the releases that were stable; the last one still is."""
        return self.inside("cat", "/var/lib/library/deploy/releases").splitlines()

    def bad_releases(self):
        """Return the tags to which no rollback returns."""
        lines = self.inside("sh", "-c", "cat /var/lib/library/deploy/bad || true")
        return [line.split()[0] for line in lines.splitlines()]

    def health(self):
        """Return the health check's JSON, seen from outside; None if it is not 200."""
        with contextlib.suppress(httpx.HTTPError):
            # The host is on this machine, behind no proxy.
            answer = httpx.get(self.url + HEALTH, timeout=30, trust_env=False)
            return answer.json() if answer.status_code == 200 else None

    def restart(self):
        """Restart the server, and wait for its Docker engine."""
        docker("restart", "--time", "20", self.name)
        # It lives in the server's network, which is a new one.
        docker("restart", f"{self.name}-registry")
        self.wait_for_engine()

    @contextlib.contextmanager
    def slowed(self, cpus):
        """Give the server the time of `cpus` processors while the block runs."""
        self._limit(round(cpus * CPU_PERIOD))
        try:
            yield
        finally:
            self._limit(-1)

    def _limit(self, quota):
        limit = ("--cpu-period", str(CPU_PERIOD), "--cpu-quota", str(quota))
        docker("update", *limit, self.name)

    def restart_engine(self):
        """Restart the server's Docker engine, and wait for it."""
        self.inside("sh", "-c", f"{STOP_ENGINE}\n{START_ENGINE}")
        self.wait_for_engine()

    def memory(self):
        """Return the bytes of memory in use on the server, without caches."""
        used = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", self.name)
        return parse_bytes(used.partition("/")[0].strip())


def as_lines(config):
    """Return {name: value} as the lines of a file of settings."""
    return "".join(f"{name}={value}\n" for name, value in config.items())


def parse_bytes(text):
    """Return the number of bytes in a size as Docker writes it, such as 452MiB."""
    units = {"GiB": 1024**3, "MiB": 1024**2, "KiB": 1024, "B": 1}
    unit = next(unit for unit in units if text.endswith(unit))
    return float(text.removesuffix(unit)) * units[unit]
