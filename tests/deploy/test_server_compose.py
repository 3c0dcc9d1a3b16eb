"""What runs on the server: limits, ports, secrets, and HTTPS with a domain."""

import json
import secrets
import shutil

import pytest

from tests.baking import clean_environment, run
from tests.deploy.conftest import docker

MIB = 1024**2
SETTINGS = {
    "REGISTRY": "registry.example.com/library",
    "DATA_DIR": "/var/lib/library",
    "SECRET_KEY": "s" * 40,
    "JWT_SECRET_KEY": "j" * 40,
    "POSTGRES_PASSWORD": "p" * 40,
    "MIGRATOR_PASSWORD": "m" * 40,
    "API_PASSWORD": "a" * 40,
    "REDIS_PASSWORD": "r" * 40,
}

# As terraform/host/settings.sh writes it.
CONFIG = "CACHE_TTL='7'\nTHROTTLE_LOGIN='3/min'\nPORT='9000'\nREDIS_URL=''\n"

# As scripts/common.sh and Terraform's settings have it.
CLOUDWATCH = {
    "COMPOSE_FILE": "docker-compose.yml:logs.yml",
    "AWS_REGION": "ap-northeast-2",
    "LOG_GROUP": "/library/server",
}


@pytest.fixture
def configured(engine, rendered, tmp_path):
    """Resolve the server's Compose file with these settings."""
    folder = tmp_path / "terraform/scripts"
    shutil.copytree(rendered.path / "scripts", folder)
    (tmp_path / "config.env").write_text(CONFIG)

    def resolve(**changes):
        settings = SETTINGS | changes
        known = {name: value for name, value in settings.items() if value is not None}
        return run(
            *("docker", "compose", "config", "--format=json"),
            cwd=folder,
            env=clean_environment(**known),
        )

    return resolve


def services(done):
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)["services"]


# Of one colour: the threads that may have a connection, in all workers of a machine
# with two CPUs.
THREADS = """
from config.pools import Pools
from config.workers import count_that_fit
sizes = [pool._max_workers for pool in Pools(8).pools.values()]
print(sum(sizes) * count_that_fit(2, {memory}, "redis://redis"))
"""
# For the migration, a backup and whoever looks at the tables; and for superusers.
OTHERS, RESERVED = 5, 3


def test_both_colours_find_a_connection_for_each_thread(configured, project):
    found = services(configured(COMPOSE_PROFILES="postgres"))
    script = THREADS.format(memory=found["web-blue"]["mem_limit"])
    threads = int(project.run(".venv/bin/python", "-c", script))
    (most,) = (
        int(word.removeprefix("max_connections="))
        for word in found["db"]["command"]
        if word.startswith("max_connections=")
    )
    assert 2 * threads + OTHERS + RESERVED <= most


def test_everything_at_once_fits_into_one_gibibyte(configured):
    limits = {
        name: int(service["mem_limit"]) / MIB
        for name, service in services(configured(COMPOSE_PROFILES="postgres")).items()
    }
    assert set(limits) == {"web-blue", "web-green", "caddy", "redis", "db"}
    assert sum(limits.values()) <= 960


def test_node_exporter_runs_where_it_is_asked_for_and_fits_in_too(configured):
    profiles = {"COMPOSE_PROFILES": "postgres,monitoring"}
    found = services(configured(**profiles))
    assert sum(int(each["mem_limit"]) for each in found.values()) <= 1024 * MIB
    exporter = found["node-exporter"]
    assert {port["host_ip"] for port in exporter["ports"]} == {"127.0.0.1"}
    assert all(volume["read_only"] for volume in exporter["volumes"])
    # Where backup.sh notes its last success.
    places = {volume["target"]: volume["source"] for volume in exporter["volumes"]}
    (folder,) = [
        word.partition("=")[2]
        for word in exporter["command"]
        if word.startswith("--collector.textfile.directory=")
    ]
    assert places[folder] == "/var/lib/library/metrics"


def test_only_the_proxy_can_be_reached(configured):
    found = services(configured(COMPOSE_PROFILES="postgres"))
    ports = found.pop("caddy")["ports"]
    public = sorted(port["published"] for port in ports if "host_ip" not in port)
    assert public == ["443", "80"]
    assert {port["host_ip"] for port in ports if "host_ip" in port} == {"127.0.0.1"}
    assert not any("ports" in service for service in found.values())


def test_the_database_is_on_the_data_volume(configured):
    (volume,) = services(configured(COMPOSE_PROFILES="postgres"))["db"]["volumes"]
    assert volume["source"] == "/var/lib/library/postgres"


def test_with_a_place_for_them_all_logs_go_there_and_nothing_else_changes(configured):
    profiles = {"COMPOSE_PROFILES": "postgres,migration"}
    local = services(configured(**profiles))
    sent = services(configured(**profiles, **CLOUDWATCH))
    assert "migration" in sent
    for name, service in sent.items():
        logging = service.pop("logging")
        assert logging["driver"] == "awslogs", name
        assert logging["options"]["awslogs-group"] == "/library/server"
        # No container waits for CloudWatch.
        assert logging["options"]["mode"] == "non-blocking"
        assert local[name].pop("logging")["driver"] == "json-file"
    assert sent == local


def test_a_container_waits_for_no_cloudwatch_and_its_lines_stay_here(
    configured, base_images
):
    logging = services(configured(**CLOUDWATCH))["redis"]["logging"]
    away = logging["options"] | {"awslogs-endpoint": "http://127.0.0.1:9"}
    options = [f"--log-opt={name}={text}" for name, text in away.items()]
    name = f"cookiecutter-library-test-{secrets.token_hex(4)}"
    start = ("run", "--name", name, f"--log-driver={logging['driver']}", *options)
    try:
        docker(*start, "--entrypoint=echo", "redis:8", "said")
        assert docker("logs", name) == "said"
    finally:
        docker("rm", "--force", name)


def test_a_database_elsewhere_is_used_and_none_is_run_here(configured):
    url = "postgres://library:secret@database.example.com/library"
    found = services(configured(DATABASE_URL=url))
    assert "db" not in found
    assert found["web-blue"]["environment"]["DATABASE_URL"] == url


@pytest.mark.parametrize(("given", "used"), [(None, "1m30s"), ("200", "3m20s")])
def test_so_long_a_release_may_take_to_start(configured, given, used):
    (web,) = {
        json.dumps(services(configured(HEALTH_SECONDS=given))[name]["healthcheck"])
        for name in ("web-blue", "web-green")
    }
    assert json.loads(web) == {"start_period": used}


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET_KEY", "REDIS_PASSWORD"])
def test_a_missing_secret_is_refused_by_name(configured, name):
    done = configured(**{name: None})
    assert done.returncode != 0
    assert name in done.stdout


def test_without_a_domain_it_is_plain_http(configured):
    found = services(configured())
    assert found["web-blue"]["environment"]["USE_HTTPS"] == ""
    assert found["web-blue"]["labels"]["site"] == ":80"


def test_with_a_domain_the_settings_are_those_of_https(configured):
    found = services(configured(DOMAIN="library.example.com"))
    environment = found["web-green"]["environment"]
    assert environment["USE_HTTPS"] == "on"
    assert environment["ALLOWED_HOSTS"] == "library.example.com"
    assert environment["CSRF_TRUSTED_ORIGINS"] == "https://library.example.com"
    assert found["web-green"]["labels"]["site"] == "library.example.com"


def test_only_the_migration_knows_who_may_change_tables_and_roles(configured):
    found = services(configured(COMPOSE_PROFILES="postgres,migration"))
    migration = found.pop("migration")["environment"]
    assert (
        migration["DATABASE_URL"] == f"postgres://migrator:{'m' * 40}@db:5432/library"
    )
    assert migration["DATABASE_ADMIN_URL"].startswith("postgres://library:pppp")
    for colour in ("web-blue", "web-green"):
        environment = found.pop(colour)["environment"]
        assert (
            environment["DATABASE_URL"] == f"postgres://api:{'a' * 40}@db:5432/library"
        )
        assert not {"p" * 40, "m" * 40} & set(environment.values())
        assert "DATABASE_ADMIN_URL" not in environment


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("60", "60")])
def test_so_long_a_migration_may_hold_a_table(configured, given, used):
    """By default shorter than readers wait for a lock."""
    own = {"MIGRATION_STATEMENT_TIMEOUT": given} if given else {}
    found = services(configured(COMPOSE_PROFILES="migration", **own))
    limit = found["migration"]["environment"]["MIGRATION_STATEMENT_TIMEOUT"]
    assert limit == used


def test_a_database_elsewhere_is_migrated_as_its_own_role_or_else_as_the_apis(
    configured,
):
    there = {"COMPOSE_PROFILES": "migration", "DATABASE_ADMIN_URL": ""}
    api, migrator = (
        "postgres://api:a@there/library",
        "postgres://migrator:m@there/library",
    )
    both = services(
        configured(**there, DATABASE_URL=api, MIGRATION_DATABASE_URL=migrator)
    )
    one = services(configured(**there, DATABASE_URL=api))
    assert both["migration"]["environment"]["DATABASE_URL"] == migrator
    assert both["web-blue"]["environment"]["DATABASE_URL"] == api
    assert one["migration"]["environment"]["DATABASE_URL"] == api
    assert one["migration"]["environment"]["DATABASE_ADMIN_URL"] == ""


def test_every_setting_reaches_the_api_and_nothing_else(configured):
    found = services(configured(COMPOSE_PROFILES="postgres"))
    web = [found.pop(name)["environment"] for name in ("web-blue", "web-green")]
    for environment in web:
        assert environment["CACHE_TTL"] == "7"
        assert environment["THROTTLE_LOGIN"] == "3/min"
        assert environment["REDIS_URL"] == f"redis://library:{'r' * 40}@redis:6379/0"
        assert environment["PORT"] == "8000", "the proxy asks there"
    others = [set(service.get("environment", {})) for service in found.values()]
    own = {"GOMEMLIMIT", "POSTGRES_USER", "POSTGRES_PASSWORD"}
    assert set.union(*others) == own


def test_an_origin_of_ones_own_is_kept(configured):
    own = "https://admin.example.com"
    found = services(configured(CSRF_TRUSTED_ORIGINS=own, DOMAIN="example.com"))
    assert found["web-blue"]["environment"]["CSRF_TRUSTED_ORIGINS"] == own


@pytest.mark.parametrize(
    ("site", "listens"), [(":80", ":80"), ("library.example.com", ":443")]
)
def test_the_proxy_gets_its_certificate_by_itself(
    base_images, rendered, tmp_path, site, listens
):
    upstream = (
        "(colour) {\n respond /colour blue\n}\n(app) {\n reverse_proxy web:8000\n}\n"
        f"{site} {{\n import readers\n}}\n"
    )
    (tmp_path / "upstream.caddy").write_text(upstream)
    shutil.copy(rendered.path / "scripts/proxy/Caddyfile", tmp_path)
    adapted = docker(
        *("run", "--rm"),
        *("--volume", f"{tmp_path}:/etc/caddy:ro", "caddy:2"),
        *("caddy", "adapt", "--config", "/etc/caddy/Caddyfile"),
    )
    (adapted,) = [line for line in adapted.splitlines() if '"apps"' in line]
    config = json.loads(adapted)
    fields = config["logging"]["logs"]["default"]["encoder"]["fields"]
    assert fields["request>headers"] == {"filter": "delete"}
    assert fields["request>uri"]["filter"] == "regexp"
    assert adapted.count('{"X-Request-Id":["{http.request.uuid}"]}') == 3
    servers = config["apps"]["http"]["servers"].values()
    assert {address for server in servers for address in server["listen"]} == {
        listens,
        ":8081",
    }
