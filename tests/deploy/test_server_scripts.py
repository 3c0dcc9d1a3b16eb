"""The server's scripts refuse what they can't work with, in one line."""

import fcntl
import os
import re
import shutil
import stat

import pytest

from tests.baking import clean_environment, run

# Knows one image: the folder that it copies from.
DOCKER = """\
#!/bin/sh
case "$*" in
  *--password-stdin*) exec cat > /dev/null ;;
  *pull*:v1 | create* | rm*) ;;
  *.Id*:v1) echo sha256:1 ;;
  *Labels*:v1) echo /app/scripts ;;
  cp*) cp -R image/. "$3" ;;
  *) echo no such image >&2; exit 1 ;;
esac
"""
ONE_TAG = {"deploy.sh": ["v1"], "health-checker.sh": []}
SCRIPTS = tuple(ONE_TAG)
BACKUPS = {"backup.sh": [], "restore.sh": ["latest"]}
SECRETS = (
    *("SECRET_KEY", "JWT_SECRET_KEY", "POSTGRES_PASSWORD"),
    *("MIGRATOR_PASSWORD", "API_PASSWORD", "REDIS_PASSWORD"),
)


@pytest.fixture
def server(rendered, tmp_path):
    """Scripts and data in folders with spaces in their names."""
    library, data = tmp_path / "our library", tmp_path / "our data"
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    scripts = library / "terraform/scripts"
    shutil.copytree(rendered.path / "terraform/entry", library)
    shutil.copytree(rendered.path / "scripts", scripts)

    def call(script, *arguments, folder=scripts):
        return run(
            *(folder / script, *arguments),
            cwd=tmp_path,
            env=clean_environment(DATA_DIR=str(data), PATH=path),
        )

    call.library, call.data = library, data
    return call


def the_line(done):
    assert done.returncode == 1, done.stdout
    (line,) = done.stdout.splitlines()
    return line


@pytest.mark.parametrize("script", [*SCRIPTS, *BACKUPS])
def test_help_says_what_it_does_and_how_it_ends(server, script):
    done = server(script, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {script}")
    assert "Exit codes:" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["v1", "v2"]])
def test_a_deploy_of_not_exactly_one_release_shows_the_usage(server, arguments):
    done = server("deploy.sh", *arguments)
    assert done.returncode == 1
    assert done.stdout.startswith("Usage: deploy.sh TAG")


@pytest.mark.parametrize("tag", ["", "a b", "$(id)", "-x", "../v1", "v1;id", "v" * 129])
def test_what_is_no_tag_is_refused(server, tag):
    assert "is no image tag: accepted are" in the_line(server("deploy.sh", tag))


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("backup.sh", ["--yes"]),
        ("backup.sh", ["--local", "--list"]),
        ("restore.sh", []),
        ("restore.sh", ["latest", "yes"]),
        ("restore.sh", ["latest", "--yes", "more"]),
    ],
)
def test_what_no_backup_takes_shows_the_usage(server, script, arguments):
    done = server(script, *arguments)
    assert done.returncode == 1
    assert done.stdout.startswith(f"Usage: {script}")


def test_stable_is_no_release(server):
    assert "--rollback" in the_line(server("deploy.sh", "stable"))


def test_a_server_without_settings_is_told_which(server):
    for script, arguments in (ONE_TAG | BACKUPS).items():
        done = server(script, *arguments)
        assert "config.env is missing" in the_line(done)
    (server.library / "config.env").write_text("AWS_REGION=here\n")
    assert "secrets.env can't be read" in the_line(server("deploy.sh", "v1"))
    server("first-boot.sh")
    assert "REGISTRY is not set" in the_line(server("deploy.sh", "v1"))


# A line that must not be run, and what the refusal says of it.
BAD_LINES = {
    "REGISTRY = example.com/library": "line 2 is no setting: accepted is NAME='value'",
    "ALLOWED_HOSTS='a.example.com": "line 2 is no setting",
    "ALLOWED_HOSTS='a'b'": "line 2 is no setting",
    'ALLOWED_HOSTS="$(touch pwned)"': "line 2 is no setting",
    "ALLOWED_HOSTS=a;touch pwned": "line 2 is no setting",
    "touch pwned": "line 2 is no setting",
    "CACHE_TTL=5\r": "line 2 is no setting",
    "CACHE_TLL=5": "line 2: CACHE_TLL is no setting: accepted are those of",
    "PATH=/nowhere": "line 2: PATH is no setting",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_of_the_settings_is_named_and_not_run(server, line, tmp_path):
    server("first-boot.sh")
    config = server.library / "config.env"
    config.write_bytes(f"REGISTRY=example.com/library\n{line}\n".encode())
    for script in SCRIPTS:
        said = the_line(server(script, *ONE_TAG[script]))
        assert f"{config}: {BAD_LINES[line]}" in said
    assert not (tmp_path / "pwned").exists()


def test_what_is_written_well_is_taken(server):
    server("first-boot.sh")
    lines = ("# ours", "", "ALLOWED_HOSTS=*,[::1]", "CACHE_TTL='5'", 'DOMAIN=""')
    (server.library / "config.env").write_text("\n".join(lines))
    # All but the one thing that is missing.
    assert "REGISTRY is not set" in the_line(server("deploy.sh", "v1"))


def test_settings_of_a_newer_release_and_of_terraform_stop_no_rollback(server):
    server("first-boot.sh")
    newer, host = server.library / "releases/v9", server.library / "host"
    for folder in (newer, host):
        folder.mkdir(parents=True)
    (newer / "settings.txt").write_text("NEWER\n")
    (host / "terraform.env").write_text("BUCKET='b'\n")
    (server.library / "config.env").write_text("NEWER=1\nBUCKET='b'\n")
    assert "REGISTRY is not set" in the_line(server("deploy.sh", "v1"))


# A migration's container in which one program fails, with a reason.
FAILING = """\
#!/bin/sh
case "$*" in
  *"compose "*" run "*)
    python() {{
      case "$*" in
        "{command}") echo "{reason}"; return 1 ;;
        *--check) return 1 ;;
      esac
    }}
    for script in "$@"; do :; done
    eval "$script" ;;
esac
"""


@pytest.mark.parametrize(
    ("command", "reason", "said"),
    [
        ("-m config.settings", "CACHE_TTL is 'x'; accepted: 1", "v1 refuses a setting"),
        ("manage.py migrate --noinput", "no table", "the migration failed"),
    ],
)
def test_a_bad_setting_is_no_failed_migration(server, tmp_path, command, reason, said):
    server("first-boot.sh")
    (server.library / "config.env").write_text("REGISTRY=example.com/library\n")
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin/docker"
    stand_in.write_text(FAILING.format(command=command, reason=reason))
    stand_in.chmod(0o755)
    done = server("deploy.sh", "v1")
    assert done.returncode == 1
    assert f"FAILED: {said}" in done.stdout
    assert f"last log line: {reason}" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_before_the_first_release_the_entry_asks_terraforms_scripts(server, script):
    entry = server(script, "--help", folder=server.library)
    assert (entry.returncode, entry.stdout) == (0, server(script, "--help").stdout)
    done = server(script, *ONE_TAG[script], folder=server.library)
    assert "config.env is missing" in the_line(done)


@pytest.mark.parametrize("tag", ["../v1", "stable", "v1;id", ""])
def test_the_entry_takes_what_is_no_release_for_none(server, tag):
    (server.library / "config.env").write_text("REGISTRY=example.com/library\n")
    refused = server("deploy.sh", tag, folder=server.library)
    assert the_line(refused) == the_line(server("deploy.sh", tag))
    assert not (server.library / "releases").exists()


def test_after_it_the_entry_asks_its_own_scripts(server):
    own = server.library / "releases/v1"
    own.mkdir(parents=True)
    (own / "common.sh").write_text(f"HERE='{own}'\n")
    (own / "health-checker.sh").write_text("#!/bin/sh\necho v1 says $1\n")
    (own / "health-checker.sh").chmod(0o755)
    (server.data / "deploy").mkdir(parents=True)
    (server.data / "deploy/releases").write_text("v0\nv1\n")
    said = server("health-checker.sh", "--rollback", folder=server.library).stdout
    assert said == "v1 says --rollback\n"


@pytest.fixture
def image(server, tmp_path):
    """The scripts that the image of v1 carries, on a server that has settings."""
    (server.library / "config.env").write_text("REGISTRY=example.com/library\n")
    (tmp_path / "bin").mkdir()
    for name, stand_in in {"docker": DOCKER, "aws": "#!/bin/sh\necho it\n"}.items():
        (tmp_path / "bin" / name).write_text(stand_in)
        (tmp_path / "bin" / name).chmod(0o755)
    carried = tmp_path / "image"
    carried.mkdir()
    (carried / "deploy.sh").write_text("#!/bin/sh\necho $0 deploys $1\n")
    (carried / "deploy.sh").chmod(0o755)
    return carried


def test_a_release_is_deployed_by_what_its_image_carries(server, image):
    own = server.library / "releases/v1"
    own.mkdir(parents=True)
    (own / "old.sh").touch()
    done = server("deploy.sh", "v1", folder=server.library)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(f"\n{own}/deploy.sh deploys v1\n")
    assert [path.name for path in own.iterdir()] == ["deploy.sh"]
    assert not (server.data / "deploy/login").exists()


def test_scripts_that_do_not_come_whole_are_not_used(server, image):
    (image / "deploy.sh").unlink()
    done = server("deploy.sh", "v1", folder=server.library)
    assert done.returncode == 1
    assert "FAILED: v1 has no deploy.sh that can be run in /app/scripts" in done.stdout
    assert "nothing was touched" in done.stdout
    assert not (server.library / "releases/v1").exists()


# Answers for a machine on which blue serves the release that stands in the file `live`.
BLUE_SERVES = """\
#!/bin/sh
case "$*" in
  *Config.Image*web-blue-1) echo "example.com/library:$(cat live)" ;;
  *State.Running*web-blue-1) echo healthy ;;
esac
"""
ASKED = """\
#!/bin/sh
case "$*" in */colour) echo blue ;; *) echo '{"status":"ok"}' ;; esac
"""
# Serves what it is told to, and notes it, as the real one does.
DEPLOY = """\
#!/bin/sh
echo "deploys $1"
echo "$1" > live
echo "$1" >> "$DATA_DIR/deploy/releases"
"""


@pytest.fixture
def released(server, tmp_path):
    """Call health-checker.sh on a server with releases: (good and bad ones)."""
    (server.library / "config.env").write_text("REGISTRY=example.com/library\n")
    server("first-boot.sh")
    (tmp_path / "bin").mkdir()
    stand_ins = {"bin/docker": BLUE_SERVES, "bin/curl": ASKED}
    for path in (tmp_path / name for name in stand_ins):
        path.write_text(stand_ins[f"bin/{path.name}"])
        path.chmod(0o755)
    (server.library / "deploy.sh").write_text(DEPLOY)
    state = server.data / "deploy"

    def call(*arguments):
        return server("health-checker.sh", *arguments)

    def have(*tags, bad=""):
        (tmp_path / "live").write_text(f"{tags[-1]}\n")
        (state / "releases").write_text("".join(f"{tag}\n" for tag in tags))
        (state / "bad").write_text(bad)
        return call

    call.live = lambda: (tmp_path / "live").read_text().strip()
    call.have, call.state = have, state
    return call


def test_a_rollback_never_returns_to_what_was_rolled_back_from(released):
    released.have("v1", "v2", "wrong", "wrong-too")
    assert "rolling back from wrong-too to wrong\n" in released("--rollback").stdout
    assert "rolling back from wrong to v2\n" in released("--rollback").stdout
    # Not one step forward, as before there were verdicts.
    assert "rolling back from v2 to v1\n" in released("--rollback").stdout
    assert "no earlier release is good" in the_line(released("--rollback"))
    assert released.live() == "v1"


def test_a_rollback_passes_over_what_failed_here(released):
    released.have("v1", "v2", "v3", bad="v2 2026-01-01T00:00:00Z v2 crashes at start\n")
    assert "rolling back from v3 to v1\n" in released("--rollback").stdout


def test_a_rollback_may_name_its_release(released):
    released.have("v1", "v2", "v3")
    done = released("--rollback", "v1")
    assert (done.returncode, released.live()) == (0, "v1")


@pytest.mark.parametrize(
    ("tag", "line"),
    [
        ("v1", "v1 is bad since 2026-01-01T00:00:00Z rolled back from: deploy.sh v1"),
        ("v3", "v3 serves already"),
        ("v.", "v. never proved healthy on this machine: deploy.sh v. deploys it"),
    ],
)
def test_a_rollback_refuses_a_release_in_one_line(released, tag, line):
    released.have("v1", "v2", "v3", bad="v1 2026-01-01T00:00:00Z rolled back from\n")
    assert the_line(released("--rollback", tag)).startswith(line)
    assert released.live() == "v3"


def test_while_a_deploy_runs_a_rollback_gives_no_verdict(released):
    released.have("v1", "v2")
    with (released.state / "lock").open("w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        done = released("--rollback")
    assert done.returncode == 75
    assert done.stdout == "another deploy is running (process 4711): wait for it\n"
    assert (released.state / "bad").read_text() == ""


def test_the_checker_lists_the_releases_with_their_verdicts(released):
    bad = "v0 2026-01-01T00:00:00Z v0 crashes at start\n"
    released.have("v1", "v2", "v1", bad=bad)
    done = released()
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("release ")]
    assert [line.split(maxsplit=2)[1:] for line in lines] == [
        ["v0", "bad since 2026-01-01T00:00:00Z v0 crashes at start"],
        ["v2", "good"],
        ["v1", "good"],
    ]


@pytest.fixture
def common(released, server, tmp_path):
    """Run a line of shell code that may use common.sh."""

    def call(line):
        script = tmp_path / "line.sh"
        script.write_text(
            f"#!/bin/bash\n. '{server.library}/common.sh'; load_config\n{line}\n"
        )
        script.chmod(0o755)
        return server("line.sh", folder=tmp_path)

    return call


@pytest.mark.parametrize(
    ("numbers", "rose"),
    [
        ("100 5 100 0", True),
        ("100 5 0 0", True),  # nobody came before
        ("100 4 100 0", False),  # four may be anything
        ("101 5 100 0", False),  # less than every twentieth
        ("100 20 100 10", False),  # it was so before
        ("100 30 100 10", True),
    ],
)
def test_errors_rise_if_they_are_many_and_more_than_before(common, numbers, rose):
    assert (common(f"rose {numbers}").returncode == 0) == rose


def answer_line(status):
    """A line of Caddy's access log."""
    return f'{{"logger":"http.log.access.log0","status":{status},"size":1}}'


def test_the_proxys_answers_are_counted(common, tmp_path):
    lines = [answer_line(each) for each in (200, 502, 503)]
    # Of its own errors Caddy tells in a line before that of the answer.
    error = '{"logger":"http.log.error.log0","msg":"EOF","status":502}'
    log = "\n".join(["a line of another kind", error, *lines, ""])
    (tmp_path / "bin/docker").write_text(
        f"#!/bin/sh\ncase \"$*\" in logs*) printf '%s' '{log}' >&2 ;; esac\n"
    )
    assert common("answers_since 60s").stdout == "3 2\n"
    (tmp_path / "bin/docker").write_text("#!/bin/sh\nexit 1\n")
    assert common("answers_since 60s").stdout == "0 0\n"


# An engine on which all goes well; `before` and `after` hold the log of the proxy.
ENGINE = """\
#!/bin/sh
case "$*" in
  "inspect library-migration") exit 1 ;;
  *"migrate --check"*) echo "nothing to migrate" ;;
  "ps "*"name=library-web-green") echo of-an-engine-that-restarted ;;
  "rm --force of-an-engine-that-restarted") touch removed ;;
  *config.smoke_test) [ ! -e problem ] || { cat problem; exit 1; } ;;
  *RestartCount*) echo 0 ;;
  *Health.Log*) ;;
  *State.Running*) echo healthy ;;
  *Config.Image*web-blue-1) echo example.com/library:v1 ;;
  *Config.Image*web-green-1) echo example.com/library:v2 ;;
  *Labels*) echo :80 ;;
  "logs --since 60s library-caddy-1") cat before ;;
  "logs --since"*library-caddy-1) cat after ;;
esac
"""
PROXY = """\
#!/bin/sh
case "$*" in
  */colour) cat "$DATA_DIR/proxy/colour" ;;
  *) echo '{"status":"ok","release":"v2"}' ;;
esac
"""


def proxy_log(good, bad):
    return f"{answer_line(200)}\n" * good + f"{answer_line(500)}\n" * bad


@pytest.fixture
def deploy(released, server, tmp_path):
    """Deploy v2 beside v1, with so many good and bad answers before and after."""
    released.have("v1")
    stand_ins = {"docker": ENGINE, "curl": PROXY, "sleep": "#!/bin/sh\n"}
    for name, script in stand_ins.items():
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    colour = server.data / "proxy/colour"
    colour.write_text("blue")
    # Long enough for one look.
    with (server.library / "config.env").open("a") as config:
        config.write("BAKE_SECONDS=2\n")

    def call(before, after):
        (tmp_path / "before").write_text(proxy_log(*before))
        (tmp_path / "after").write_text(proxy_log(*after))
        return server("deploy.sh", "v2")

    call.folder = tmp_path
    call.serves = colour.read_text
    call.state = released.state
    return call


def test_a_release_that_fails_readers_goes_back_by_itself(deploy):
    done = deploy(before=(100, 0), after=(50, 50))
    assert done.returncode == 1
    line = "FAILED: v2 fails readers: 50 of 100 answers are 5xx (before: 0 of 100)"
    assert line in done.stdout
    assert "still serving: v1 (blue)" in done.stdout
    assert deploy.serves() == "blue"
    assert (deploy.state / "bad").read_text().startswith("v2 ")
    assert (deploy.state / "releases").read_text() == "v1\n"


def test_errors_that_were_there_before_are_not_the_releases(deploy):
    done = deploy(before=(50, 50), after=(50, 50))
    assert done.returncode == 0, done.stdout
    assert deploy.serves() == "green"
    # Its name was the new one's.
    assert (deploy.folder / "removed").exists()
    assert (deploy.state / "releases").read_text() == "v1\nv2\n"


def test_no_reader_comes_to_a_release_that_can_not_be_used(deploy):
    (deploy.folder / "problem").write_text("GET /api/v1/books answers 500\n")
    done = deploy(before=(100, 0), after=(100, 0))
    assert done.returncode == 1
    assert "FAILED: v2 can't be used\n" in done.stdout
    assert "last log line: GET /api/v1/books answers 500" in done.stdout
    assert "switching" not in done.stdout and deploy.serves() == "blue"
    assert (deploy.state / "bad").read_text().startswith("v2 ")


def test_while_a_deploy_runs_the_entry_gets_nothing(server, image):
    lock = server.data / "deploy/lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        done = server("deploy.sh", "v1", folder=server.library)
    assert done.returncode == 75
    assert done.stdout == "another deploy is running (process 4711): wait for it\n"


def test_the_first_boot_makes_secrets_that_only_root_reads(server):
    assert server("first-boot.sh").returncode == 0
    secrets = server.data / "secrets.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    values = dict(
        line.split("=") for line in secrets.read_text().splitlines() if "=" in line
    )
    assert tuple(values) == SECRETS
    assert len(set(values.values())) == len(SECRETS)
    assert all(len(value) == 64 for value in values.values())


def test_a_second_boot_changes_no_secret(server):
    server("first-boot.sh")
    before = (server.data / "secrets.env").read_bytes()
    assert "left as it is" in server("first-boot.sh").stdout
    assert (server.data / "secrets.env").read_bytes() == before


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_newer_release_gets_the_secrets_that_it_adds(server, end):
    server("first-boot.sh")
    (server.data / "postgres/PG_VERSION").write_text("17")
    secrets = server.data / "secrets.env"
    old = "SECRET_KEY=s\nJWT_SECRET_KEY=j\nPOSTGRES_PASSWORD=p\nOWN=1" + end
    secrets.write_text(old)
    said = server("first-boot.sh").stdout
    new = ["MIGRATOR_PASSWORD", "API_PASSWORD", "REDIS_PASSWORD"]
    assert said == f"added to {secrets}: {' '.join(new)}\n"
    lines = secrets.read_text().splitlines()
    assert lines[:-3] == old.splitlines()
    for name, line in zip(new, lines[-3:], strict=True):
        assert re.fullmatch(f"{name}=[0-9a-f]{{64}}", line)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600


def test_no_new_secrets_are_made_for_an_old_database(server):
    server("first-boot.sh")
    (server.data / "postgres/PG_VERSION").write_text("17")
    os.remove(server.data / "secrets.env")
    assert "put that file back" in the_line(server("first-boot.sh"))
    assert not (server.data / "secrets.env").exists()
