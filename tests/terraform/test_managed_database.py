"""RDS in place of the server's own database: made, reached, destroyed.

(Its rows: tests/deploy/test_move_database.py.)
"""

import json

import pytest

from tests.terraform.conftest import VAR_FILE
from tests.terraform.delivery import delivered_files

MANAGED = ("-var=managed_database=true", "-var=protect_data=false")
# The stand-in for AWS forgets a detail of rules that name another group.
FORGETFUL = "aws_vpc_security_group_"


@pytest.mark.minutes(2.5)
def test_a_managed_database_is_made_for_the_server_alone_and_destroyed(student):
    one = student()
    before = one.cloud.inventory()
    one.main.apply(VAR_FILE, *MANAGED)

    database = see_database(one.cloud)
    see_way(one.cloud, one.cloud.the_only_instance(), database)
    see_settings(one.cloud, database)
    see_password(one, database)
    again = one.main.changes(VAR_FILE, *MANAGED)
    assert [address for address in again if not address.startswith(FORGETFUL)] == []
    assert all(action == "update" for action in again.values())

    one.main.destroy(VAR_FILE, *MANAGED)
    assert one.cloud.inventory() == before | {"snapshots": before["snapshots"] + 1}
    kept = one.cloud.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert [s["DBInstanceIdentifier"] for s in kept] == ["library-api-server"]


def see_database(cloud):
    (database,) = cloud.client("rds").describe_db_instances()["DBInstances"]
    assert database["StorageEncrypted"] and not database["PubliclyAccessible"]
    assert database["BackupRetentionPeriod"] == 7
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {14}
    return database


def see_way(cloud, server, database):
    """Which connections the firewall allows: from the server, to the database."""
    (server_group,) = [group["GroupId"] for group in server["SecurityGroups"]]
    (group,) = [g["VpcSecurityGroupId"] for g in database["VpcSecurityGroups"]]
    rules = cloud.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    into = [rule for rule in rules if rule["GroupId"] == group]
    assert [(r["IsEgress"], r["FromPort"], other(r)) for r in into] == [
        (False, 5432, server_group)
    ]
    out = [rule for rule in rules if rule["IsEgress"] and other(rule) == group]
    assert [(rule["GroupId"], rule["FromPort"]) for rule in out] == [
        (server_group, 5432)
    ]


def other(rule):
    return rule.get("ReferencedGroupInfo", {}).get("GroupId")


def see_settings(cloud, database):
    """The next deploy tells the server where its database is."""
    host = database["Endpoint"]["Address"]
    document = cloud.client("ssm").get_document(Name="library-api-deploy")
    files = delivered_files(json.loads(document["Content"]))
    settings = files["/opt/library/host/terraform.env"].text
    assert f"MANAGED_DATABASE='{host}'" in settings


def see_password(one, database):
    secret = database["MasterUserSecret"]["SecretArn"]
    assert secret in one.main.outputs()["managed_database_password_command"]
    state = (one.main.folder / "terraform.tfstate").read_text()
    assert '"password": null' in state
