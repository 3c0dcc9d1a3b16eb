"""The way past one machine: applied, looked at, changed and destroyed."""

import json

import pytest

REGION = "ap-northeast-2"
RELEASE = "0123abc"
VARIABLES = (
    *("-var=project=library-api", f"-var=aws_region={REGION}"),
    *("-var=domain=api.example.com", "-var=zone_name=example.com"),
    *(f"-var=image_tag={RELEASE}", "-var=protect_data=false"),
)

# The stand-in for AWS forgets one setting or another of these.
FORGETFUL = ("aws_appautoscaling_target", "aws_ecs_service", "aws_vpc_security_group_")


@pytest.mark.minutes(3)
def test_the_scale_out_is_made_from_the_same_image_and_destroyed(baker, root, cloud):
    cloud.client("ecr").create_repository(repositoryName="library-api")
    cloud.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    before = cloud.inventory()
    one = root(baker.bake().path / "terraform/scale-out").init()

    one.apply(*VARIABLES)
    see_containers(cloud)
    (breaker,) = one.state("aws_ecs_service.app")["deployment_circuit_breaker"]
    assert breaker == {"enable": True, "rollback": True}
    see_data(cloud)
    see_paths(cloud)
    see_no_secret_in_the_state(one, cloud)
    again = one.changes(*VARIABLES)
    assert [address for address in again if not address.startswith(FORGETFUL)] == []
    assert all(action == "update" for action in again.values())
    release = one.changes("-refresh=false", *VARIABLES, "-var=image_tag=4567def")
    assert release.pop("aws_ecs_task_definition.app") == "replace"
    assert release.pop("aws_ecs_service.app") == "update"
    assert [address for address in release if not address.startswith(FORGETFUL)] == []

    one.destroy(*VARIABLES)
    assert cloud.inventory() == before


def see_containers(cloud):
    ecs = cloud.client("ecs")
    task = ecs.describe_task_definition(taskDefinition="library-api")["taskDefinition"]
    (container,) = task["containerDefinitions"]
    assert container["image"].endswith(f"/library-api:{RELEASE}")
    secrets = {secret["name"] for secret in container["secrets"]}
    assert secrets == {"SECRET_KEY", "JWT_SECRET_KEY", "DATABASE_PASSWORD"}
    settings = {s["name"]: s["value"] for s in container["environment"]}
    assert not secrets & set(settings)
    assert settings["REDIS_URL"].startswith("rediss://")
    (target,) = cloud.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs"
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)


def see_data(cloud):
    (database,) = cloud.client("rds").describe_db_instances()["DBInstances"]
    assert database["StorageEncrypted"] and not database["PubliclyAccessible"]
    assert database["BackupRetentionPeriod"] == 7
    (cache,) = cloud.client("elasticache").describe_replication_groups()[
        "ReplicationGroups"
    ]
    assert cache["TransitEncryptionEnabled"] and cache["AtRestEncryptionEnabled"]


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


def see_no_secret_in_the_state(one, cloud):
    secrets = cloud.client("secretsmanager")
    (secret,) = secrets.list_secrets()["SecretList"]
    drawn = json.loads(secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"])
    assert sorted(map(len, drawn.values())) == [50, 50, 50]
    assert len(set(drawn.values())) == 3
    state = (one.folder / "terraform.tfstate").read_text()
    assert not [name for name, value in drawn.items() if value in state]
