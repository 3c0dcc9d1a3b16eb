"""scale-out: applied, inspected, changed and destroyed."""

import ipaddress
import json
import os
import re
import runpy
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.baking import ROOT, clean_environment, run, succeed
from tests.ports import free_port
from tests.terraform import report

REGION = "ap-northeast-2"
RELEASE, NEXT = "0123abc", "4567def"
SECRETS = {"SECRET_KEY", "JWT_SECRET_KEY", "API_PASSWORD", "CACHE_PASSWORD"}
VARIABLES = (
    *("-var=project=library-api", f"-var=aws_region={REGION}"),
    *("-var=domain=api.example.com", "-var=zone_name=example.com"),
    *(f"-var=image_tag={RELEASE}", "-var=protect_data=false"),
    "-var=point_domain_here=true",
    "-var=github_subject_prefix=repo:owner@1/library@2",
)

# The stand-in for AWS forgets one setting or another of these. (Of a database's
# parameter, who has set it.)
FORGETFUL = (
    "aws_appautoscaling_target",
    "aws_db_parameter_group",
    "aws_ecs_service",
    "aws_vpc_security_group_",
)


@pytest.mark.minutes(3)
def test_the_scale_out_is_made_from_the_same_image_and_destroyed(
    bake, root, cloud, tmp_path
):
    make_the_main_root(cloud)
    point_domain(cloud, "198.51.100.1")  # to the one machine
    before = cloud.inventory()
    project = bake()
    one, facts = root(project.path / "terraform/scale-out").init(), {}

    with report.stopwatch(facts, "apply"):
        one.apply(*VARIABLES)
    facts["resources"] = report.resources(one)
    container = see_containers(cloud, project)
    see_start(container)
    see_migration(cloud, tmp_path)
    see_liveness(container, project)
    (breaker,) = one.state("aws_ecs_service.app")["deployment_circuit_breaker"]
    assert breaker == {"enable": True, "rollback": True}
    see_data(cloud)
    see_cache_users(cloud, container)
    see_paths(cloud)
    see_no_public_metrics(cloud)
    see_commands(one, cloud)
    see_no_secret_in_the_state(one, cloud)
    see_github(one, cloud, project)
    again = one.changes(*VARIABLES)
    assert [address for address in again if not address.startswith(FORGETFUL)] == []
    assert all(action == "update" for action in again.values())
    too_many = one.refusal("-refresh=false", *VARIABLES, "-var=max_tasks=7")
    assert "14 containers run, with 10 connections" in too_many
    assert "Accepted: up to 6" in too_many
    later = ("-refresh=false", *VARIABLES, f"-var=image_tag={NEXT}")
    release = one.changes(*later)
    assert release.pop("aws_ecs_task_definition.app") == "replace"
    assert release.pop("aws_ecs_task_definition.migration") == "replace"
    # Later ones come by GitHub's deployment: Terraform takes none of them back.
    now, then = one.planned("aws_ecs_service.app", *later)
    assert now["task_definition"] == then["task_definition"]
    assert [address for address in release if not address.startswith(FORGETFUL)] == []

    back = one.changes("-refresh=false", *VARIABLES, "-var=point_domain_here=false")
    assert back.pop("aws_route53_record.api[0]") == "delete"
    assert [address for address in back if not address.startswith(FORGETFUL)] == []

    with report.stopwatch(facts, "destroy"):
        one.destroy(*VARIABLES)
    assert cloud.inventory() == before
    report.keep("scale_out", facts)


@pytest.mark.minutes(2.5)
def test_its_database_begins_as_a_copy_of_the_servers_with_a_password_of_its_own(
    bake, root, cloud
):
    """(Whose rows the owner may change: tests/deploy/test_move_database.py.)"""
    cloud.client("ecr").create_repository(repositoryName="library-api")
    rds = cloud.client("rds")
    server = {"DBInstanceIdentifier": "library-api-server"}
    rds.create_db_instance(
        **server,
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        DBName="library",
        MasterUsername="library",
        MasterUserPassword="another-one",
        AllocatedStorage=20,
        StorageEncrypted=True,
    )
    rds.create_db_snapshot(**server, DBSnapshotIdentifier="moving")
    # The stand-in for AWS gives a copy the id of its original.
    rds.delete_db_instance(**server, SkipFinalSnapshot=True)
    one = root(bake().path / "terraform/scale-out").init()
    log = one.folder / "requests.log"
    one.env |= {"TF_LOG": "DEBUG", "TF_LOG_PATH": str(log)}

    one.apply(*VARIABLES, "-var=snapshot=moving", "-target=aws_db_instance.this")

    (made,) = rds.describe_db_instances(DBInstanceIdentifier="library-api")[
        "DBInstances"
    ]
    assert made["MasterUsername"] == "library"
    requests = log.read_text()
    assert "Action=RestoreDBInstanceFromDBSnapshot" in requests
    assert re.search(r"Action=ModifyDBInstance\S*&MasterUserPassword=", requests)
    later = one.changes(*VARIABLES, "-target=aws_db_instance.this")
    assert "aws_db_instance.this" not in later, "without its snapshot it stays"


def make_the_main_root(cloud):
    """What this root takes from the other one."""
    cloud.client("ecr").create_repository(repositoryName="library-api")
    cloud.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com",
        ClientIDList=["sts.amazonaws.com"],
    )


def point_domain(cloud, address):
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")
    record = {
        "Name": "api.example.com",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": address}],
    }
    route53.change_resource_record_sets(
        HostedZoneId=zone["HostedZone"]["Id"],
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )


def see_containers(cloud, project):
    ecs = cloud.client("ecs")
    task = ecs.describe_task_definition(taskDefinition="library-api")["taskDefinition"]
    (container,) = task["containerDefinitions"]
    assert container["image"].endswith(f"/library-api:{RELEASE}")
    secrets = {secret["name"] for secret in container["secrets"]}
    assert secrets == SECRETS
    assert container["readonlyRootFilesystem"] and container["user"] == "10001"
    assert container["linuxParameters"]["capabilities"]["drop"] == ["ALL"]
    settings = {s["name"]: s["value"] for s in container["environment"]}
    assert not secrets & set(settings)
    assert int(settings["KEEP_ALIVE_SECONDS"]) > 60, "the load balancer's idle time"
    (target,) = cloud.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs"
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)
    see_connections(cloud, project, settings, target["MaxCapacity"])
    return container


def see_connections(cloud, project, settings, most):
    """The database takes the connections of all threads while a deploy runs."""
    rds = cloud.client("rds")
    (database,) = rds.describe_db_instances()["DBInstances"]
    (group,) = database["DBParameterGroups"]
    name = group["DBParameterGroupName"]
    parameters = rds.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
    values = {each["ParameterName"]: each["ParameterValue"] for each in parameters}
    sizes = runpy.run_path(project.path / "config/pools.py")["sizes"]
    a_task = sum(sizes(int(settings["WEB_THREADS"])).values())
    assert settings["WEB_CONCURRENCY"] == "1"
    assert 2 * most * a_task + 10 <= int(values["max_connections"])


def see_start(container):
    """What starts the container, really run: it makes settings of what it finds."""
    found = {
        "API_PASSWORD": "p4ss",
        "CACHE_PASSWORD": "c4ss",
        "CACHE_HOST": "cache.example.com",
        "DATABASE_HOST": "db.example.com",
        "ALLOWED_HOSTS": "api.example.com",
    }
    said = succeed(
        *(*container["entryPoint"], "env"), cwd=ROOT, env=clean_environment(**found)
    )
    made = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    there = "db.example.com:5432/library?sslmode=require"
    assert made["DATABASE_URL"] == f"postgres://api:p4ss@{there}"
    assert made["REDIS_URL"] == "rediss://library:c4ss@cache.example.com:6379/0"
    host, *addresses = made["ALLOWED_HOSTS"].split(",")
    assert host == "api.example.com" and addresses
    for address in addresses:
        ipaddress.ip_address(address)


def see_migration(cloud, folder):
    """Only what migrates knows the administrator; really run, by a stand-in Python."""
    ecs = cloud.client("ecs")
    task = ecs.describe_task_definition(taskDefinition="library-api-migration")
    (container,) = task["taskDefinition"]["containerDefinitions"]
    secrets = {secret["name"] for secret in container["secrets"]}
    assert secrets == SECRETS | {"DATABASE_PASSWORD", "MIGRATOR_PASSWORD"}
    assert container["readonlyRootFilesystem"] and container["user"] == "10001"
    # Shorter than readers wait for a lock, as on the server.
    limit = {"name": "MIGRATION_STATEMENT_TIMEOUT", "value": "1"}
    assert limit in container["environment"]
    python = folder / "python"
    python.write_text(
        '#!/bin/sh\necho "$* $DATABASE_URL $DATABASE_ADMIN_URL $REDIS_URL"\n'
    )
    python.chmod(0o755)
    env = clean_environment(
        DATABASE_PASSWORD="a",
        MIGRATOR_PASSWORD="m",
        DATABASE_HOST="db",
        CACHE_PASSWORD="c",
        CACHE_HOST="cache",
        PATH=f"{folder}:/usr/bin:/bin",
    )
    words = (*container["entryPoint"], *container["command"])
    roles, migrate = succeed(*words, cwd=ROOT, env=env).splitlines()
    there = "@db:5432/library?sslmode=require"
    urls = f"postgres://migrator:m{there} postgres://library:a{there}"
    urls += " rediss://library:c@cache:6379/0"
    assert roles == f"-m config.database_roles {urls}"
    assert migrate == f"manage.py migrate --noinput {urls}"


def see_liveness(container, project):
    """A container stays healthy without a database, but not without an answer."""
    kind, python, *words = container["healthCheck"]["command"]
    assert (kind, python) == ("CMD", "python")
    port = free_port()
    command = [sys.executable, *(word.replace("8000", str(port)) for word in words)]
    assert run(*command, cwd=project.path).returncode == 1
    with ThreadingHTTPServer(("127.0.0.1", port), Unavailable) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        project.run(*command)
        server.shutdown()


class Unavailable(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)


def see_data(cloud):
    (database,) = cloud.client("rds").describe_db_instances()["DBInstances"]
    assert database["StorageEncrypted"] and not database["PubliclyAccessible"]
    assert database["BackupRetentionPeriod"] == 7
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {14} and len(groups) == 3
    (cache,) = cloud.client("elasticache").describe_replication_groups()[
        "ReplicationGroups"
    ]
    assert cache["TransitEncryptionEnabled"] and cache["AtRestEncryptionEnabled"]


def see_cache_users(cloud, container):
    """Who gives no name gets nothing; the API's password is the containers' own.

    (What the users may do: tests/test_redis_rights.py of the project.)
    """
    cache = cloud.client("elasticache")
    (group,) = cache.describe_replication_groups()["ReplicationGroups"]
    (users,) = cache.describe_user_groups()["UserGroups"]
    assert group["UserGroupIds"] == [users["UserGroupId"]]
    made = {user["UserId"]: user for user in cache.describe_users()["Users"]}
    ours = {made[user_id]["UserName"]: made[user_id] for user_id in users["UserIds"]}
    assert set(ours) == {"library", "default"}
    assert {user["Authentication"]["Type"] for user in ours.values()} == {"password"}
    assert ours["default"]["AccessString"] == "off -@all"
    # CloudFormation is told where the password is: where the containers' is.
    asked = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
    secret, key = asked["CACHE_PASSWORD"].removesuffix("::").rsplit(":", 1)
    stacks = cloud.client("cloudformation")
    template = stacks.get_template(StackName="library-api-cache-users")["TemplateBody"]
    for resource in template["Resources"].values():
        (password,) = resource["Properties"]["Passwords"]
        there = f"{{{{resolve:secretsmanager:{secret}:SecretString:{key}::"
        assert password.startswith(there)


def see_paths(cloud):
    """Only the load balancer is open to the world."""
    ec2 = cloud.client("ec2")
    groups = ec2.describe_security_groups()["SecurityGroups"]
    names = {group["GroupId"]: group["Description"] for group in groups}
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    world = {
        (names[rule["GroupId"]], rule["FromPort"])
        for rule in rules
        if rule.get("CidrIpv4") == "0.0.0.0/0" and not rule["IsEgress"]
    }
    ours = {("The load balancer", 80), ("The load balancer", 443)}
    assert {path for path in world if path[0].startswith("The ")} == ours
    _, http = sorted(
        cloud.client("elbv2").describe_listeners(
            LoadBalancerArn=cloud.client("elbv2").describe_load_balancers()[
                "LoadBalancers"
            ][0]["LoadBalancerArn"]
        )["Listeners"],
        key=lambda listener: listener["Port"],
        reverse=True,
    )
    assert http["Port"] == 80 and http["DefaultActions"][0]["Type"] == "redirect"


def see_no_public_metrics(cloud):
    elb = cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
    (https,) = [one for one in listeners["Listeners"] if one["Port"] == 443]
    rules = elb.describe_rules(ListenerArn=https["ListenerArn"])["Rules"]
    (rule,) = [rule for rule in rules if not rule["IsDefault"]]
    assert "/metrics" in rule["Conditions"][0]["PathPatternConfig"]["Values"]
    assert rule["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "404"


def see_commands(one, cloud):
    """The commands that the outputs print tell a success from a failure."""
    outputs = one.outputs()
    migrate, check = outputs["migrate_command"], outputs["check_command"]
    ours = one.state("aws_ecs_task_definition.app")["arn"]
    assert play(one, migrate, "0") == (0, "migrated\n")
    code, said = play(one, migrate, "1")
    assert code == 1 and "the migration failed (exit code 1)" in said
    # A container that never started has no exit code.
    assert play(one, migrate, "None")[0] == 1
    assert play(one, check, ours) == (0, f"{RELEASE} serves\n")
    code, said = play(one, check, "the-one-before")
    assert code == 1 and f"{RELEASE} does not serve, the-one-before does" in said


def play(one, command, described):
    """Run a command by an AWS CLI that says what ECS would; give its end and words."""
    folder = one.folder / "played"
    folder.mkdir(exist_ok=True)
    aws = folder / "aws"
    aws.write_text(
        '#!/bin/sh\ncase "$2" in\n  run-task) echo arn:task/1 ;;\n  wait) ;;\n'
        f'  describe-*) echo "{described}" ;;\n  *) exit 255 ;;\nesac\n'
    )
    aws.chmod(0o755)
    env = one.env | {"PATH": f"{folder}:{one.env['PATH']}"}
    done = run("bash", "-c", 'eval "$1"', "_", command, cwd=folder, env=env)
    return done.returncode, done.stdout


def see_github(one, cloud, project):
    """The deployment needs nothing but the variables, and brings a release."""
    lines = one.outputs()["github_variables"].splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    see_the_role(cloud, variables["AWS_DEPLOY_ROLE"])
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    digest = cloud.client("ecr").put_image(
        repositoryName="library-api",
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": kind}),
        imageManifestMediaType=kind,
        imageTag=NEXT,
    )["image"]["imageId"]["imageDigest"]
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = one.env | variables | {"PATH": programs, "TAG": NEXT}
    env |= {"DEPLOY_POLL_SECONDS": "0", "AWS_DEFAULT_REGION": variables["AWS_REGION"]}
    for step in ("push", "run", "promote"):
        succeed("python3", "-m", "ci.release", step, cwd=project.path, env=env)
    ecs = cloud.client("ecs")
    asked = {"cluster": variables["ECS_CLUSTER"], "services": ["app"]}
    serving = ecs.describe_services(**asked)["services"][0]["taskDefinition"]
    made = ecs.describe_task_definition(taskDefinition=serving)["taskDefinition"]
    (container,) = made["containerDefinitions"]
    assert container["image"].endswith(f"/library-api@{digest}")
    assert {"name": "RELEASE", "value": NEXT} in container["environment"]
    assert {secret["name"] for secret in container["secrets"]} == SECRETS
    assert made["executionRoleArn"] and made["networkMode"] == "awsvpc"


def see_the_role(cloud, arn):
    """Only jobs of one repository's production, on main, get it; it gives no other."""
    iam, name = cloud.client("iam"), arn.rpartition("/")[2]
    role = iam.get_role(RoleName=name)["Role"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    github = "token.actions.githubusercontent.com"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{github}:aud": "sts.amazonaws.com",
            f"{github}:sub": "repo:owner@1/library@2:environment:production",
            f"{github}:ref": "refs/heads/main",
        }
    }
    policy = iam.get_role_policy(RoleName=name, PolicyName="push-image-and-deploy")
    statements = {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"]}
    (task,) = [r for r in iam.list_roles()["Roles"] if "-task-" in r["RoleName"]]
    assert statements["HandOverTheContainersRole"]["Resource"] == task["Arn"]
    everywhere = {sid for sid, one in statements.items() if one["Resource"] == "*"}
    assert everywhere == {"LogInToRegistry", "MakeRevisions"}


def see_no_secret_in_the_state(one, cloud):
    secrets = cloud.client("secretsmanager")
    drawn = {}
    for secret in secrets.list_secrets()["SecretList"]:
        kept = secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        drawn |= json.loads(kept)
    assert [len(value) for value in drawn.values()] == [50] * 6
    assert len(set(drawn.values())) == 6
    state = (one.folder / "terraform.tfstate").read_text()
    assert not [name for name, value in drawn.items() if value in state]
