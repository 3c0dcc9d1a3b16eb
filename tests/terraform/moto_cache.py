"""What moto's ElastiCache lacks: a group's members, user groups, and a stack's users.

A user's password is looked up in Secrets Manager, as CloudFormation does it. A user
group is a plain dictionary, as the API describes it.
"""

import inspect
import json
import re

from moto.core.common_models import CloudFormationModel
from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend, elasticache_backends
from moto.elasticache.responses import ElastiCacheResponse
from moto.secretsmanager.models import secretsmanager_backends

CLUSTER_ARGUMENTS = [
    name
    for name in inspect.signature(ElastiCacheBackend.create_cache_cluster).parameters
    if name != "self"
]
# {{resolve:secretsmanager:ARN:SecretString:KEY::VERSION}}
REFERENCE = re.compile(
    r"{{resolve:secretsmanager:(arn:.+):SecretString:(\w+)::([\w-]+)}}"
)
moto_backend = ElastiCacheBackend.__init__
moto_create_group = ElastiCacheBackend.create_replication_group
moto_delete_group = ElastiCacheBackend.delete_replication_group
moto_delete_cluster = ElastiCacheBackend.delete_cache_cluster


class StackUser(CloudFormationModel):
    """A user of ElastiCache that is part of a stack."""

    def __init__(self, user_id):
        self.physical_resource_id = user_id

    @staticmethod
    def cloudformation_type():
        return "AWS::ElastiCache::User"

    @classmethod
    def create_from_cloudformation_json(cls, name, resource, account, region, **_):
        given = resource["Properties"]
        secrets = secretsmanager_backends[account][region]
        elasticache_backends[account][region].create_user(
            user_id=given["UserId"],
            user_name=given["UserName"],
            engine=given["Engine"],
            passwords=[resolve(secrets, text) for text in given["Passwords"]],
            access_string=given["AccessString"],
            no_password_required=False,
            authentication_type="password",
        )
        return cls(given["UserId"])

    def delete(self, account, region):
        elasticache_backends[account][region].users.pop(self.physical_resource_id)


def resolve(secrets, reference):
    arn, key, version = REFERENCE.fullmatch(reference).groups()
    return json.loads(secrets.get_secret_value(arn, version, "")["SecretString"])[key]


def make_backend(self, region_name, account_id):
    moto_backend(self, region_name, account_id)
    self.user_groups = {}
    self.arn_regex = re.compile(r"arn:aws:elasticache:.*")


def create_user_group(self):
    backend, name = self.elasticache_backend, self._get_param("UserGroupId")
    place = f"{self.region}:{self.current_account}"
    users = [backend.users[user_id] for user_id in self._get_param("UserIds")]
    if "default" not in {user.name for user in users}:
        raise ElastiCacheException("DefaultUserRequired", "No user named default.")
    backend.user_groups[name] = {
        "UserGroupId": name,
        "Status": "active",
        "Engine": self._get_param("Engine"),
        "UserIds": [user.id for user in users],
        "ARN": f"arn:aws:elasticache:{place}:usergroup:{name}",
    }
    group = backend.user_groups[name]
    backend.add_tags_to_resource(group["ARN"], self._get_param("Tags") or [])
    return ActionResult(group)


def describe_user_groups(self):
    groups, name = self.elasticache_backend.user_groups, self._get_param("UserGroupId")
    if name and name not in groups:
        raise ElastiCacheException("UserGroupNotFound", f"No user group {name}.")
    found = [groups[name]] if name else list(groups.values())
    return ActionResult({"UserGroups": found})


def delete_user_group(self):
    groups = self.elasticache_backend.user_groups
    return ActionResult(groups.pop(self._get_param("UserGroupId")))


def create_group(self, *args, **given):
    """The provider reads a replication group's members; moto makes none."""
    group = moto_create_group(self, *args, **given)
    for cluster_id in group.member_clusters:
        arguments = dict.fromkeys(CLUSTER_ARGUMENTS)
        arguments |= {name: given[name] for name in CLUSTER_ARGUMENTS if name in given}
        arguments |= {
            "cache_cluster_id": cluster_id,
            "replication_group_id": group.replication_group_id,
            "num_cache_nodes": 1,
        }
        cluster = self.create_cache_cluster(**arguments)
        cluster.at_rest_encryption_enabled = group.at_rest_encryption_enabled
        cluster.security_groups = [
            {"SecurityGroupId": group_id, "Status": "active"}
            for group_id in given.get("security_group_ids") or []
        ]
    return group


def delete_group(self, replication_group_id, retain_primary_cluster):
    group = moto_delete_group(self, replication_group_id, retain_primary_cluster)
    for member in group.member_clusters:
        self.cache_clusters.pop(member, None)
    self.replication_groups.pop(replication_group_id)
    return group


def delete_cluster(self, cache_cluster_id):
    cluster = moto_delete_cluster(self, cache_cluster_id)
    self.cache_clusters.pop(cache_cluster_id)
    return cluster


def delete_cache_subnets(self):
    name = self._get_param("CacheSubnetGroupName")
    self.elasticache_backend.cache_subnet_groups.pop(name)
    return EmptyResult()


ElastiCacheBackend.__init__ = make_backend
ElastiCacheBackend.create_replication_group = create_group
ElastiCacheBackend.delete_replication_group = delete_group
ElastiCacheBackend.delete_cache_cluster = delete_cluster
ElastiCacheResponse.delete_cache_subnet_group = delete_cache_subnets
ElastiCacheResponse.create_user_group = create_user_group
ElastiCacheResponse.describe_user_groups = describe_user_groups
ElastiCacheResponse.delete_user_group = delete_user_group
