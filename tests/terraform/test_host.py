"""What reaches the server, and what its scripts do there, run on such a machine."""

import base64
import gzip
import json
import re
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
import yaml

from tests.baking import succeed
from tests.layers import leave_out
from tests.terraform.cloud import Cloud
from tests.terraform.delivery import commands, delivered_files
from tests.terraform.host import Host, as_root, may_resize, program_beside_python

TAG = "0123abc"
HOST = "/opt/library/host"
# Where the project's files go, below /opt/library.
PLACES = {
    "scripts/": "terraform/scripts/",
    "terraform/entry/": "",
    "terraform/host/": "host/",
}
# The stand-in for Docker knows no image, so a deploy ends where it would pull one.
NO_DOCKER = """\
#!/bin/sh
case "$*" in *--password-stdin*) exec cat > /dev/null ;; esac
echo no registry here >&2
exit 1
"""
# The proxy's log, in which two of twenty answers are errors of the server. Caddy writes
# it to the standard error.
ANSWERS = """\
#!/bin/sh
[ "$1" = logs ] || exit 0
exec >&2
line() { echo '{"logger":"http.log.access.log0","status":'$1',"size":500}'; }
for status in 500 502; do line $status; done
echo '{"logger":"http.log.error.log0","msg":"EOF","status":502}'
for _ in $(seq 18); do line 200; done
"""


@pytest.fixture
def user_data(delivered):
    """The cloud-config as cloud-init reads it, and its size as EC2 counts it."""
    packed = base64.b64decode((delivered / "user-data").read_text())
    return yaml.safe_load(gzip.decompress(packed)), len(packed)


@pytest.fixture
def files(user_data):
    return {file["path"]: file for file in user_data[0]["write_files"]}


@pytest.fixture
def document(delivered):
    return json.loads((delivered / "document.json").read_text())


@pytest.fixture
def deploy(document):
    """The commands that Systems Manager would run for a deploy of TAG."""
    return commands(document).replace("{{ Tag }}", TAG)


@pytest.fixture
def first_boot(user_data, files, tmp_path):
    """What cloud-init does with the user data, as a script."""
    lines = []
    for number, (path, file) in enumerate(files.items()):
        (tmp_path / f"file-{number}").write_text(file["content"], encoding="utf-8")
        mode = file["permissions"]
        lines.append(f"install -D -m {mode} /test/file-{number} {path}\n")
    return "".join(lines) + "\n".join(user_data[0]["runcmd"]) + "\n"


@pytest.fixture
def host(tmp_path, moto, files):
    if as_root() is None:
        leave_out("only root can mount")
    Cloud(moto).reset()
    settings = files[f"{HOST}/terraform.env"]["content"]
    volume_id = re.search("DATA_VOLUME_ID='(.+)'", settings)[1]
    host = Host(tmp_path, volume_id, Cloud(moto).variables())
    host.stand_in("docker", NO_DOCKER)
    host.stand_in("aws", f'#!/bin/sh\nexec {program_beside_python("aws")} "$@"\n')
    # Compose would be downloaded, which no test does: it passes for installed.
    host.stand_in("sha256sum", "#!/bin/sh\nexit 0\n")
    host.new_disk()
    return host


@pytest.mark.minutes(0.5)
def test_cloud_init_knows_every_word_of_the_user_data(user_data, cloud_init_schema):
    jsonschema.validate(user_data[0], cloud_init_schema)


def test_what_is_delivered_fits_with_room_to_grow(user_data, document):
    assert user_data[1] < 14 * 1024, "EC2 takes 16 KiB"
    assert len(json.dumps(document)) < 48 * 1024, "Systems Manager takes 64 KiB"


def test_a_deploy_brings_every_script_ready_to_run_and_no_stray_file(
    files, document, rendered
):
    expected = {
        f"/opt/library/{place}{name.removeprefix(own)}"
        for own, place in PLACES.items()
        for name in rendered.files()
        if name.startswith(own)
    }
    brought = delivered_files(document)
    assert set(brought) == expected | {f"{HOST}/terraform.env"}
    assert set(files) < set(brought)
    for path, (mode, _) in brought.items():
        assert mode == ("0755" if path.endswith(".sh") else "0644")
        assert path not in files or files[path]["permissions"] == mode


def test_a_blank_volume_is_made_ready_and_secrets_are_made_on_it(host, first_boot):
    said = host.succeed(
        "rm -f /etc/docker/daemon.json\n"
        + first_boot
        + "mountpoint /var/lib/library; cat /opt/library/config.env\n"
        "stat -c %a /var/lib/library/secrets.env /opt/library/config.env\n"
        "cut -d= -f1 /var/lib/library/secrets.env; cat /run/noted\n"
        "cat /etc/fstab /etc/systemd/system/docker.service.d/library-data.conf\n"
        "cat /etc/systemd/system/library-backup.* /etc/docker/daemon.json\n"
    )
    assert "it is blank" in said and "The machine is ready." in said
    assert "No release has been deployed yet." in said
    assert "/var/lib/library is a mountpoint" in said
    assert "\n600\n600\n" in said
    assert "\nSECRET_KEY\nJWT_SECRET_KEY\nPOSTGRES_PASSWORD\nMIGRATOR_" in said
    assert "\nREDIS_PASSWORD\n" in said
    assert "AWS_REGION='ap-northeast-2'" in said
    assert "dkr.ecr.ap-northeast-2.amazonaws.com/library-api'" in said
    assert re.search("UUID=.+ /var/lib/library ext4 defaults,nofail", said)
    assert "RequiresMountsFor=/var/lib/library" in said
    assert "ExecStart=/opt/library/library.sh backup" in said
    assert "OnCalendar=18:30 UTC" in said
    assert "BACKUP_BUCKET='library-api-backups-" in said
    assert "systemctl enable --quiet --now docker" in said
    assert "systemctl enable --quiet --now library-backup.timer" in said
    assert '{"live-restore": true}' in said


NOTED_UPDATE = """\
#!/bin/sh
echo "library.sh $*" >> /run/noted
exit 1
"""
# Exit code 100: there are updates.
UPDATES = """\
#!/bin/sh
echo "dnf $*" >> /run/noted
case "$1" in check-upgrade) exit %d ;; esac
"""


@pytest.mark.parametrize("code, restarted", [(100, True), (0, False), (1, False)])
def test_updates_come_by_night_with_a_restart(host, files, rendered, code, restarted):
    """And a fault of dnf is no reason to restart."""
    settings = files[f"{HOST}/terraform.env"]["content"]
    assert "UPGRADE_AT='Sun 18:00 UTC'" in settings
    (host.folder / "terraform.env").write_text(settings)
    script = rendered.read("terraform/host/upgrade.sh")
    (host.folder / "upgrade.sh").write_text(script)
    host.stand_in("dnf", UPDATES % code)
    done = host.run(
        "cd /test; bash upgrade.sh install\n"
        f"install -m 755 /dev/stdin /library.sh <<'SH'\n{NOTED_UPDATE}SH\n"
        "cat /etc/systemd/system/library-upgrade.timer\n"
        "bash upgrade.sh || echo ended with $?; cat /run/noted\n"
    )
    assert "OnCalendar=Sun 18:00 UTC" in done.stdout, done.stdout
    assert "systemctl enable --quiet --now library-upgrade.timer" in done.stdout
    # The services come first, and what they lack is no reason to leave the packages.
    assert "the services stay as they are" in done.stdout
    assert "library.sh update --database\ndnf check-upgrade" in done.stdout
    said = [line for line in done.stdout.splitlines() if "reboot" in line]
    assert said == (["systemctl reboot"] if restarted else [])
    assert ("dnf upgrade --assumeyes" in done.stdout) == restarted
    assert ("ended with 1" in done.stdout) == (code == 1)


def test_a_new_server_finds_the_old_ones_secrets_and_release(host, first_boot):
    secrets = "echo; cat /var/lib/library/secrets.env\n"
    released = "echo 0123abc > /var/lib/library/deploy/releases\n"
    before = host.succeed(first_boot + released + secrets)

    after = host.run(first_boot.strip() + " || true\n" + secrets)

    assert "it is blank" not in after.stdout
    assert secrets_in(after.stdout) == secrets_in(before) != []
    # It serves again what served there, as far as Docker goes here.
    assert "FAILED: no image" in after.stdout and ":0123abc" in after.stdout


def secrets_in(said):
    return re.findall("^[A-Z_]+=[0-9a-f]{64}$", said, re.MULTILINE)


def test_a_volume_with_something_else_on_it_is_never_formatted(host, first_boot):
    succeed("/sbin/mkswap", host.disk, cwd=host.folder)
    before = host.disk.read_bytes()
    done = host.run(first_boot)
    assert "holds swap, not this project's data: it is left alone" in done.stdout
    assert done.returncode == 1 and host.disk.read_bytes() == before


def test_a_grown_volume_gives_a_grown_file_system(host, first_boot):
    if not may_resize():
        # Not for want of a tool: in a container, root has no such right.
        pytest.skip("root may not resize disks here")
    size = "df --output=size -BM /var/lib/library | tail -n 1\n"
    before = int(host.succeed(first_boot + size).split()[-1].rstrip("M"))
    with open(host.disk, "r+b") as disk:
        disk.truncate(256 << 20)
    after = int(host.succeed(first_boot + size).split()[-1].rstrip("M"))
    assert before < 64 and after > 128


def test_without_its_volume_a_server_makes_no_secrets(host, first_boot):
    host.disk.unlink()
    host.stand_in("sleep", "#!/bin/sh\n")
    done = host.run(first_boot.strip() + " || ls /var/lib/library/secrets.env\n")
    assert f"{host.volume_id} was not attached within 5 minutes" in done.stdout
    assert "No such file" in done.stdout and done.returncode != 0


def test_a_deploy_brings_all_it_needs_even_if_the_first_boot_failed(host, deploy):
    done = host.run(deploy)
    assert "The machine is ready." in done.stdout
    assert re.search(f"FAILED: no image .*library-api:{TAG}", done.stdout), done.stdout
    assert done.returncode == 1, "the failure of deploy.sh is the document's"


def test_a_deploy_brings_changed_scripts_and_keeps_them_runnable(
    host, first_boot, deploy, rendered
):
    spoil = "echo exit 7 > /opt/library/deploy.sh\n"
    again = f"(\n{deploy}\n) || stat -c %a%n /opt/library/deploy.sh\n"
    compare = "sha1sum /opt/library/deploy.sh\n"
    said = host.succeed(first_boot + spoil + again + compare)
    assert "755/opt/library/deploy.sh" in said
    script = rendered.path / "terraform/entry/deploy.sh"
    assert succeed("sha1sum", script, cwd=host.folder).split()[0] in said


@pytest.mark.parametrize("tag", ["stable", "0123ab", "0123abc;id", "$(id)", "'", ""])
def test_a_deploy_takes_no_other_argument_than_a_commit(document, tag):
    (parameter,) = document["parameters"].values()
    assert not re.search(parameter["allowedPattern"], tag)
    assert re.search(parameter["allowedPattern"], TAG)


def test_parameters_of_the_project_win_over_terraforms_settings(host, first_boot):
    ssm = Cloud(host.variables["AWS_ENDPOINT_URL"]).client("ssm")
    put_parameter(ssm, "DOMAIN", "books.example.com")
    put_parameter(ssm, "DATABASE_URL", "postgres://a:b c@rds.example.com/library")
    show = "for name in DOMAIN DATABASE_URL; do echo ${!name}=; done\n"
    said = host.succeed(first_boot + ". /opt/library/config.env\n" + show)
    assert said.endswith(
        "books.example.com=\npostgres://a:b c@rds.example.com/library=\n"
    )


# A name and its value, each beside what the refusal says of it.
NO_PARAMETERS = [
    *(
        (name, "x", f"/{name} is no setting: known are DOMAIN")
        for name in ("PATH", "REGISTRY")
    ),
    *(
        ("CACHE_TTL", value, "/CACHE_TTL has a value that is not taken: one line")
        for value in ("it's", "a\x1b[2Jb")
    ),
    (
        *("CACHE_TTL", "on\n/library-api/production/DEBUG\ton"),
        "has a value of several lines: one line",
    ),
]
TRY_PARAMETER = """
name=/library-api/production/{name} config=/opt/library/config.env
aws ssm put-parameter --region ap-northeast-2 --type SecureString --name "$name" \
  --value file:///test/value-{number} > /dev/null
before=$(cat $config)
echo "{number}:$(/opt/library/host/settings.sh 2>&1):$?"
[ "$before" = "$(cat $config)" ]
[ ! -e $config.new ]
aws ssm delete-parameter --region ap-northeast-2 --name "$name"
"""


@pytest.mark.minutes(0.5)
def test_a_parameter_that_could_do_more_than_set_a_setting_is_refused(host, first_boot):
    script = first_boot
    for number, (name, value, _) in enumerate(NO_PARAMETERS):
        (host.folder / f"value-{number}").write_text(
            value, encoding="utf-8", newline=""
        )
        script += TRY_PARAMETER.format(name=name, number=number)
    said = host.succeed(script)
    for number, (_, _, problem) in enumerate(NO_PARAMETERS):
        (line,) = re.findall(f"^{number}:(.*)$", said, re.MULTILINE)
        assert line.startswith("settings.sh: ") and line.endswith(":1"), line
        assert problem in line


def test_a_parameter_that_is_refused_stops_the_deploy(host, deploy):
    put_parameter(Cloud(host.variables["AWS_ENDPOINT_URL"]).client("ssm"), "PATH", "/")
    done = host.run(deploy)
    assert done.returncode == 1
    assert "/library-api/production/PATH is no setting" in done.stdout
    assert "The machine is ready." not in done.stdout


def put_parameter(ssm, name, value):
    path = f"/library-api/production/{name}"
    ssm.put_parameter(Name=path, Value=value, Type="SecureString")


def test_what_the_alarms_watch_is_measured_and_said(host, first_boot, rendered):
    host.stand_in("docker", ANSWERS)
    cloudwatch = Cloud(host.variables["AWS_ENDPOINT_URL"]).client("cloudwatch")
    said = host.succeed(first_boot + f"{HOST}/watch.sh\ncat /run/noted\n")
    assert "library-watch.timer" not in said, "nobody asked for alarms"

    alarms = (rendered.path / "terraform/alarms.tf").read_text()
    watched = set(re.findall(r'local.measured, \{ metric = "(\w+)"', alarms))
    metrics = cloudwatch.list_metrics(Namespace="Library")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == watched != set()
    for metric in metrics:
        assert metric["Dimensions"] == [{"Name": "Project", "Value": "library-api"}]
    assert measured(cloudwatch, "FailedPercent") == 10
    assert 0 < measured(cloudwatch, "DiskUsedPercent") <= 100
    assert 0 < measured(cloudwatch, "MemoryUsedPercent") <= 100


def measured(cloudwatch, name):
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace="Library",
        MetricName=name,
        Dimensions=[{"Name": "Project", "Value": "library-api"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max(point["Maximum"] for point in points)


def test_with_alarms_it_is_measured_every_five_minutes(host, first_boot):
    watch = f"sed -i \"s/^WATCH=.*/WATCH='on'/\" {HOST}/terraform.env\n"
    install = f"{HOST}/watch.sh install\ncat /etc/systemd/system/library-watch.*\n"
    said = host.succeed(first_boot + watch + install + "cat /run/noted\n")
    assert f"ExecStart={HOST}/watch.sh\n" in said and "OnCalendar=*:0/5\n" in said
    assert "systemctl enable --quiet --now library-watch.timer" in said


def test_a_compose_that_is_not_the_pinned_one_is_not_installed(host, first_boot):
    (host.stand_ins / "sha256sum").unlink()
    host.stand_in(
        "curl", '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done; echo x > "$2"'
    )
    plugin = "/usr/local/lib/docker/cli-plugins/docker-compose"
    done = host.run(f"rm -f {plugin}\n{first_boot.strip()} || ls {plugin}\n")
    assert "computed checksum did NOT match" in done.stdout
    assert "No such file" in done.stdout and done.returncode != 0
