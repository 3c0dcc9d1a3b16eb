"""A server for the backup's scripts, without Docker: its containers are programs here.

PostgreSQL and Redis are real, and so are their tools and the project's code.
"""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager

from tests.baking import clean_environment, run, succeed
from tests.contract.databases import UNAVAILABLE
from tests.layers import leave_out
from tests.terraform.host import program_beside_python

BUCKET = "library-backups"
TAG = "v1"
# Runs in the project, whose own tests know how to start them.
LEND_SERVERS = """
import json, sys
from tests.servers import Unavailable, own_postgres, own_redis

try:
    with own_postgres() as postgres, own_redis() as redis:
        print(json.dumps({"postgres": postgres, "redis": redis.url}), flush=True)
        sys.stdin.read()
except Unavailable as reason:
    print(reason, file=sys.stderr)
    sys.exit(3)
"""
# Knows `inspect` and `compose exec|run|up|logs`. A service is a program of this
# machine, in the environment that docker-compose.yml would give it. BREAK names a file;
# while it is there, the dump stops coming in the middle.
DOCKER = """\
#!/bin/bash
. "$(dirname "$0")/containers.env"
if [ "$1" = inspect ]; then
  case "$*" in *Config.Image*) echo "example.com/library:v1" ;; *) exit 1 ;; esac
  exit
fi
while [ $# != 0 ] && [[ ! $1 =~ ^(exec|run|up|logs)$ ]]; do shift; done
how=$1
shift
if [ "$how" = up ]; then
  case "$*" in *web-*) echo "no such image" >&2; exit 1 ;; *) exit 0 ;; esac
fi
[ "$how" != logs ] || { echo "$@"; exit; }
while [[ $1 == -* ]]; do
  case $1 in
    --name) shift ;;
    --env) shift; [[ $1 != *=* ]] || export "$1" ;;
  esac
  shift
done
service=$1
shift
if [ "$service" = db ]; then
  [ "$how" = run ] || export PGHOST=127.0.0.1 PGPORT="$POSTGRES_PORT"
  if [ -e "$BREAK" ] && [[ "$*" == *--no-owner* ]]; then
    "$@" | head -c 20000
    [ ! -s "$BREAK" ] || { touch "$BREAK.reached"; sleep 600; }
    exit 1
  fi
  exec "$@"
fi
cd "$PROJECT"
export PATH="$PROJECT/.venv/bin:$PATH" REDIS_URL SECRET_KEY JWT_SECRET_KEY
export DATABASE_ADMIN_URL="postgres://library@127.0.0.1:$POSTGRES_PORT/library"
export MIGRATOR_PASSWORD API_PASSWORD
role=api
[ "$service" != migration ] || role=migrator
[ "$service" != redis ] || exit 0
export DATABASE_URL="postgres://$role@127.0.0.1:$POSTGRES_PORT/library"
exec "$@"
"""
# What stands for the entry on a new machine: the release's image is there.
FIRST_DEPLOY = """\
#!/bin/bash
echo "deployed $1"
mkdir -p "$DATA_DIR/deploy"
echo "$1" > "$DATA_DIR/deploy/releases"
docker compose run migration python -m config.database_roles
docker compose run migration python manage.py migrate --verbosity 0
"""


@contextmanager
def lend_servers(project):
    """Give the addresses of a PostgreSQL and a Redis until the block ends."""
    lender = subprocess.Popen(
        [project.path / ".venv/bin/python", "-c", LEND_SERVERS],
        cwd=project.path,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = lender.stdout.readline()
        if not said:
            complaint = lender.communicate()[1].strip()
            assert lender.returncode == UNAVAILABLE, complaint
            leave_out(complaint)
        yield json.loads(said)
    finally:
        # The end of its input tells it to clean up.
        lender.communicate()


class Machine:
    """One server: its scripts, its data, and the programs that stand for containers."""

    def __init__(self, project, folder, servers, cloud):
        self.project, self.cloud = project, cloud
        self.redis = servers["redis"]
        self.port = servers["postgres"].split(":")[-1].split("/")[0]
        self.library, self.data = folder / "library", folder / "data"
        self.programs = folder / "bin"
        self.scripts = self.library / "releases" / TAG
        shutil.copytree(project.path / "scripts", self.scripts)
        # Nothing here may ask this machine's own port 8081.
        common = self.scripts / "common.sh"
        common.write_text(common.read_text().replace(":8081", ":9"))
        self.programs.mkdir(parents=True)
        self.program("docker", DOCKER)
        self.program("aws", f'#!/bin/sh\nexec {program_beside_python("aws")} "$@"\n')
        self.configure(AWS_REGION=cloud.region, BACKUP_BUCKET=BUCKET)

    def program(self, name, script):
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)

    def configure(self, **settings):
        """Write config.env, with the registry and these settings."""
        settings = {"REGISTRY": "example.com/library"} | settings
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (self.library / "config.env").write_text("".join(lines))

    def serve(self):
        """Let it have secrets, a release that serves, and that release's tables."""
        self.succeed("first-boot.sh")
        (self.data / "postgres/PG_VERSION").write_text("17\n")
        (self.data / "deploy/releases").write_text(f"{TAG}\n")
        colour = self.data / "proxy/colour"
        colour.write_text("blue")
        self.containers()
        self.new_database()
        self.make_tables()
        return self

    def make_tables(self):
        """Roles and tables, as deploys make them: made once, then copied."""
        made = "SELECT 1 FROM pg_database WHERE datname = 'made'"
        if not self.sql(made, "postgres"):
            self.compose("migration", "python", "-m", "config.database_roles")
            self.compose("migration", "python", "manage.py", "migrate", "-v0")
            self.sql("CREATE DATABASE made TEMPLATE library", "postgres")
        else:
            self.new_database("made")

    def containers(self):
        known = {
            "PROJECT": self.project.path,
            "POSTGRES_PORT": self.port,
            "REDIS_URL": self.redis,
            "BREAK": self.data / "break",
        }
        known |= {f"{name}_PASSWORD": "p" * 40 for name in ("MIGRATOR", "API")}
        known |= dict.fromkeys(("SECRET_KEY", "JWT_SECRET_KEY"), "s" * 40)
        lines = [f"{name}='{value}'\n" for name, value in known.items()]
        (self.programs / "containers.env").write_text("".join(lines))

    def new_database(self, like="template1"):
        self.sql("DROP DATABASE IF EXISTS library WITH (FORCE)", "postgres")
        self.sql(f"CREATE DATABASE library TEMPLATE {like}", "postgres")

    def environment(self):
        path = f"{self.programs}:{os.environ['PATH']}"
        own = {"DATA_DIR": str(self.data), "PATH": path}
        return clean_environment(**self.cloud.variables(), **own)

    def start(self, script, *arguments):
        """Start a script in a process group of its own."""
        return subprocess.Popen(
            [self.scripts / script, *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, script, *arguments):
        command = (self.scripts / script, *arguments)
        return run(*command, cwd=self.library, env=self.environment())

    def succeed(self, script, *arguments):
        done = self.run(script, *arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def back_up(self):
        """Make a backup; gives its name."""
        return self.succeed("backup.sh").split("made: ")[1].split()[0]

    def archive(self, name):
        """The bytes of an archive in the bucket."""
        found = self.cloud.client("s3").get_object(Bucket=BUCKET, Key=name)
        return found["Body"].read()

    def compose(self, service, *command):
        docker = (self.programs / "docker", "compose", "run", service)
        return succeed(*docker, *command, cwd=self.library, env=self.environment())

    def sql(self, text, database="library", role="library"):
        where = ("-h", "127.0.0.1", "-p", self.port, "-U", role, "-d", database)
        command = ("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *where, "-c", text)
        return succeed(*command, cwd=self.library).strip()

    def titles(self):
        return self.sql("SELECT title FROM books_book ORDER BY id").splitlines()

    def local(self):
        """The names of what is in the folder of its own archives."""
        folder = self.data / "backups"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def stored(self):
        """The names of what is in the bucket."""
        listed = self.cloud.client("s3").list_objects_v2(Bucket=BUCKET)
        return sorted(found["Key"] for found in listed.get("Contents", []))
