"""What one apply makes, seen by AWS's own interface, and that nothing outlives it."""

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.terraform.cloud import Cloud
from tests.terraform.conftest import VAR_FILE

ISSUER = "token.actions.githubusercontent.com"
PREFIX = "repo:octo_cat@12/shelf.x@345"
GITHUB = ("-var", f"github_subject_prefix={PREFIX}")
BUDGET = ("-var", "budget_email=student@example.com")
ALARMS = ("-var", "alarm_email=student@example.com")
FREE = "-var=protect_data=false"
HOSTILE = [
    {"aws_region": "ap-northeast-2", "project_name": "Café “Bücher” & ${Co} %{if}"},
    {
        "aws_region": "us-east-1",
        "project_slug": "a" * 29 + "-" + "b" * 10,
        "your_ip": "",
    },
    {"aws_region": "eu-central-1", "key_pair_name": 'my "key" ${x} %{y} \\ o\'k'},
]


@pytest.mark.minutes(2.5)
def test_three_students_get_what_they_asked_for_and_leave_a_snapshot(
    student, account, subtests
):
    # At once, each in an account of their own: most of the time is waiting for AWS.
    students = [
        student(Cloud(account()), github_repository="octo_cat/shelf.x", **answers)
        for answers in HOSTILE
    ]
    with ThreadPoolExecutor(len(students)) as pool:
        lives = [pool.submit(live, one) for one in students]
    for one, life in zip(students, lives):
        with subtests.test(one.cloud.region):
            life.result()


def live(one):
    cloud, variables = one.cloud, (VAR_FILE, *GITHUB, *BUDGET, *ALARMS)
    slug, before = one.project.path.name, cloud.inventory()

    one.main.apply(*variables)
    instance = cloud.the_only_instance()
    see_network(cloud, instance, one.answers["your_ip"])
    see_server(cloud, instance, one.answers["key_pair_name"])
    see_registry(cloud, slug)
    see_roles(cloud, slug, instance)
    see_backups(cloud, one.main.outputs()["backup_bucket"], instance)
    see_budget(cloud, slug)
    see_alarms(cloud, slug, instance)
    see_logs(cloud, slug)
    see_outputs(one.main.outputs(), instance, one.answers)
    assert one.main.changes(*variables) == {}, "a second plan finds something to do"

    see_protection(one, instance, variables)
    one.main.apply(*variables, FREE)
    one.main.destroy(*variables, FREE)
    left = before | {"snapshots": before["snapshots"] + 1}
    assert cloud.inventory() == left, "but for a last snapshot"


def see_protection(one, instance, variables):
    """A destroy that nobody prepared destroys nothing at all."""
    protected = one.cloud.client("ec2").describe_instance_attribute(
        InstanceId=instance["InstanceId"], Attribute="disableApiTermination"
    )
    assert protected["DisableApiTermination"]["Value"] is True
    words = ("destroy", "-no-color", "-auto-approve", *variables)
    said = one.main.run(*words, check=False)
    assert said.returncode == 1
    assert "protect_data is true, so nothing is destroyed" in said.stderr
    assert one.main.changes(*variables) == {}


def see_network(cloud, instance, your_ip):
    (group,) = instance["SecurityGroups"]
    rules = cloud.client("ec2").describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}]
    )["SecurityGroupRules"]
    incoming = {(r["FromPort"], r["CidrIpv4"]) for r in rules if not r["IsEgress"]}
    outgoing = {(r["FromPort"], r["ToPort"]) for r in rules if r["IsEgress"]}
    ssh = {(22, f"{your_ip}/32")} if your_ip else set()
    assert incoming == {(80, "0.0.0.0/0"), (443, "0.0.0.0/0")} | ssh
    assert outgoing == {(80, 80), (443, 443)}
    assert {r["IpProtocol"] for r in rules} == {"tcp"}


def see_server(cloud, instance, key_pair):
    assert instance["InstanceType"] == "t3.micro"
    assert instance["KeyName"] == key_pair
    assert not instance.get("EbsOptimized"), "AWS starts no t2.micro with it"
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    volumes = cloud.client("ec2").describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    )["Volumes"]
    assert {(v["Size"], v["VolumeType"], v["Encrypted"]) for v in volumes} == {
        (16, "gp3", True),
        (10, "gp3", True),
    }


def see_registry(cloud, slug):
    ecr = cloud.client("ecr")
    (repository,) = ecr.describe_repositories()["repositories"]
    assert repository["repositoryName"] == slug
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    policy = ecr.get_lifecycle_policy(repositoryName=slug)["lifecyclePolicyText"]
    first, last = json.loads(policy)["rules"]
    assert first["selection"]["tagPatternList"] == ["stable"]
    assert first["rulePriority"] < last["rulePriority"]
    assert last["selection"]["countNumber"] == 10


def see_roles(cloud, slug, instance):
    profile = instance["IamInstanceProfile"]["Arn"].split("/")[-1]
    iam = cloud.client("iam")
    roles = {role["RoleName"]: role for role in iam.list_roles()["Roles"]}
    (github,) = [name for name in roles if "-github-" in name]
    (server,) = iam.get_instance_profile(InstanceProfileName=profile)[
        "InstanceProfile"
    ]["Roles"]

    may = statements(iam, server["RoleName"], "pull-image-and-read-parameters")
    repository = f"arn:aws:ecr:{cloud.region}:123456789012:repository/{slug}"
    parameters = f"arn:aws:ssm:{cloud.region}:123456789012:parameter/{slug}/production"
    assert may["PullTheImage"]["Resource"] == repository
    assert may["ReadTheParameters"]["Resource"] == parameters
    assert may["NoOtherParameters"]["Effect"] == "Deny"
    writing = [a for a in actions(may) if re.search("Put|Upload|Delete|Create", a)]
    assert set(writing) == {
        "cloudwatch:PutMetricData",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    group = f"arn:aws:logs:{cloud.region}:123456789012:log-group:/{slug}/server:*"
    assert may["WriteTheLogs"]["Resource"] == group

    may = statements(iam, github, "push-image-and-deploy")
    assert may["PushTheImage"]["Resource"] == repository
    assert set(may["RunTheDeployDocument"]["Resource"]) == {
        f"arn:aws:ssm:{cloud.region}:123456789012:document/{slug}-deploy",
        f"arn:aws:ec2:{cloud.region}:123456789012:instance/{instance['InstanceId']}",
    }
    everywhere = [s for s in may.values() if s["Resource"] == "*"]
    assert actions_of(everywhere) == {
        "ecr:GetAuthorizationToken",
        "ssm:GetCommandInvocation",
    }
    assert not [a for a in actions(may) if "*" in a or a.startswith(("ec2", "iam"))]

    (trust,) = roles[github]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"{PREFIX}:environment:production",
            f"{ISSUER}:ref": "refs/heads/main",
        }
    }


def see_backups(cloud, bucket, instance):
    s3, iam = cloud.client("s3"), cloud.client("iam")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Expiration"]["Days"] == 30
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 7
    see_encryption(s3, bucket)
    blocked = s3.get_public_access_block(Bucket=bucket)
    assert set(blocked["PublicAccessBlockConfiguration"].values()) == {True}

    profile = instance["IamInstanceProfile"]["Arn"].split("/")[-1]
    (server,) = iam.get_instance_profile(InstanceProfileName=profile)[
        "InstanceProfile"
    ]["Roles"]
    may = statements(iam, server["RoleName"], "keep-backups")
    assert may["ListTheBackups"]["Resource"] == f"arn:aws:s3:::{bucket}"
    assert may["WriteAndReadBackups"]["Resource"] == f"arn:aws:s3:::{bucket}/*"
    assert actions(may) == {
        *("s3:ListBucket", "s3:GetObject", "s3:PutObject"),
        *("s3:AbortMultipartUpload", "cloudwatch:PutMetricData"),
    }


def see_encryption(s3, bucket):
    """S3 encrypts what is in it, and takes nothing over a connection without TLS."""
    encrypted = s3.get_bucket_encryption(Bucket=bucket)
    (rule,) = encrypted["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    (statement,) = policy["Statement"]
    arn = f"arn:aws:s3:::{bucket}"
    assert set(statement.pop("Resource")) == {arn, f"{arn}/*"}
    assert statement == {
        "Sid": "EncryptedConnectionsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def statements(iam, role, policy):
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def actions(by_name):
    return actions_of(by_name.values())


def actions_of(found):
    each = [
        s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in found
    ]
    return {action for group in each for action in group}


def see_budget(cloud, slug):
    budget = cloud.client("budgets").describe_budget(
        AccountId="123456789012", BudgetName=f"{slug}-{cloud.region}-monthly"
    )["Budget"]
    assert float(budget["BudgetLimit"]["Amount"]) == 20


def see_alarms(cloud, slug, instance):
    cloudwatch, topics = cloud.client("cloudwatch"), cloud.client("sns")
    (subscription,) = topics.list_subscriptions()["Subscriptions"]
    assert subscription["Endpoint"] == "student@example.com"
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    assert len(alarms) == 7
    for alarm in alarms:
        assert subscription["TopicArn"] in alarm["AlarmActions"]
        (dimension,) = alarm["Dimensions"]
        if dimension["Name"] == "Bucket":
            assert dimension["Value"].startswith(f"{slug[:28].rstrip('-')}-backups-")
        else:
            assert dimension["Value"] in (slug, instance["InstanceId"])
    name = f"{slug}-disk"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="full")
    (fired,) = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert fired["AlarmName"] == name


def see_logs(cloud, slug):
    (group,) = cloud.client("logs").describe_log_groups()["logGroups"]
    assert group["logGroupName"] == f"/{slug}/server"
    assert group["retentionInDays"] == 14


def see_outputs(outputs, instance, answers):
    assert outputs["api_url"] == f"http://{outputs['public_ip']}/api/v1"
    assert instance["PublicIpAddress"] == outputs["public_ip"]
    if answers["your_ip"] == "":
        assert "SSH is closed" in outputs["ssh_command"]
    else:
        words = shlex.split(outputs["ssh_command"])
        address = f"ec2-user@{outputs['public_ip']}"
        assert words == ["ssh", "-i", f"{answers['key_pair_name']}.pem", address]
    variables = dict(
        line.split("=", 1) for line in outputs["github_variables"].splitlines() if line
    )
    assert variables["EC2_INSTANCE_ID"] == instance["InstanceId"]
    assert variables["AWS_REGION"] == answers["aws_region"]
    assert variables["AWS_DEPLOY_ROLE"].startswith("arn:aws:iam::123456789012:role/")
    assert all(variables.values()), "a variable without a value"
