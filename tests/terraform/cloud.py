"""AWS on this machine: moto's server, and what exists in it."""

import contextlib
import os
import subprocess
import sys
import urllib.request

import boto3

from tests.baking import ROOT
from tests.polling import wait_until
from tests.ports import free_port

SERVER = "tests.terraform.moto_server"
LISTS = {
    "instances": ("ec2", "describe_instances", "Reservations"),
    "volumes": ("ec2", "describe_volumes", "Volumes"),
    "snapshots": ("ec2", "describe_snapshots", "Snapshots"),
    "networks": ("ec2", "describe_vpcs", "Vpcs"),
    "subnets": ("ec2", "describe_subnets", "Subnets"),
    "gateways": ("ec2", "describe_internet_gateways", "InternetGateways"),
    "security groups": ("ec2", "describe_security_groups", "SecurityGroups"),
    "addresses": ("ec2", "describe_addresses", "Addresses"),
    "repositories": ("ecr", "describe_repositories", "repositories"),
    "roles": ("iam", "list_roles", "Roles"),
    "profiles": ("iam", "list_instance_profiles", "InstanceProfiles"),
    "providers": (
        *("iam", "list_open_id_connect_providers"),
        "OpenIDConnectProviderList",
    ),
    "buckets": ("s3", "list_buckets", "Buckets"),
    "load balancers": ("elbv2", "describe_load_balancers", "LoadBalancers"),
    "target groups": ("elbv2", "describe_target_groups", "TargetGroups"),
    "certificates": ("acm", "list_certificates", "CertificateSummaryList"),
    "databases": ("rds", "describe_db_instances", "DBInstances"),
    "caches": ("elasticache", "describe_replication_groups", "ReplicationGroups"),
    "cache users": ("elasticache", "describe_users", "Users"),
    "stacks": ("cloudformation", "describe_stacks", "Stacks"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms"),
    "topics": ("sns", "list_topics", "Topics"),
    "logs": ("logs", "describe_log_groups", "logGroups"),
}


class Cloud:
    def __init__(self, url, region="ap-northeast-2"):
        self.url = url
        self.region = region

    def in_region(self, region):
        return Cloud(self.url, region)

    def client(self, service):
        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def reset(self):
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request).read()

    def variables(self):
        """The environment in which every AWS program talks to this cloud only."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
        }

    def inventory(self):
        """How many of each thing exist, terminated instances left out."""
        counts = {}
        for name, (service, call, key) in LISTS.items():
            found = getattr(self.client(service), call)()[key]
            counts[name] = len([thing for thing in found if not is_terminated(thing)])
        documents = self.client("ssm").list_documents(
            Filters=[{"Key": "Owner", "Values": ["Self"]}]
        )
        return counts | {
            "documents": len(documents["DocumentIdentifiers"]),
            "clusters": len(self.clusters()),
        }

    def clusters(self):
        """ECS lists what was deleted for a while, too."""
        ecs = self.client("ecs")
        names = ecs.list_clusters()["clusterArns"]
        found = ecs.describe_clusters(clusters=names)["clusters"] if names else []
        return [cluster for cluster in found if cluster["status"] == "ACTIVE"]

    def the_only_instance(self):
        (instance,) = [
            instance
            for reservation in self.client("ec2").describe_instances()["Reservations"]
            for instance in reservation["Instances"]
            if instance["State"]["Name"] != "terminated"
        ]
        return instance


def is_terminated(thing):
    states = [
        instance["State"]["Name"]
        for instance in (thing.get("Instances", []) if isinstance(thing, dict) else [])
    ]
    return bool(states) and set(states) == {"terminated"}


def start_server(log):
    """Start moto on a free port; gives the process and its address."""
    port = free_port()
    env = {name: text for name, text in os.environ.items() if name[:4] != "AWS_"}
    process = subprocess.Popen(
        [sys.executable, "-m", SERVER, str(port)],
        cwd=ROOT,
        stdout=log,
        stderr=log,
        env=env | {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
    )
    # An address, not a name: S3's clients then put the bucket into the path.
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None, "moto's server ended at once"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/moto-api/", timeout=2).read()
            return True

    wait_until(answers, "moto's server", 300)
    return process, url
