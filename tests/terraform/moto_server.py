"""moto's server, and the few AWS answers that Terraform needs and moto lacks.

Run as `python -m tests.terraform.moto_server PORT`: it serves on 127.0.0.1 until it is
stopped.
"""

import inspect
import json
import sys

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.core.responses import EmptyResult
from moto.ec2.responses.instances import InstanceResponse
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse
from moto.server import main

import tests.terraform.moto_ecs  # noqa: F401

CLUSTER_ARGUMENTS = [
    name
    for name in inspect.signature(ElastiCacheBackend.create_cache_cluster).parameters
    if name != "self"
]
moto_run_instances = InstanceResponse.run_instances
moto_create_budget = BudgetsResponse.create_budget
moto_create_group = ElastiCacheBackend.create_replication_group
moto_delete_group = ElastiCacheBackend.delete_replication_group
moto_delete_cluster = ElastiCacheBackend.delete_cache_cluster
budget_tags = {}


def run_instances(self):
    """Protected if that was asked for: moto takes it from later changes alone."""
    done = moto_run_instances(self)
    protected = bool(self._get_param("DisableApiTermination"))
    for instance in done.result.instances:
        instance.disable_api_termination = protected
    return done


def create_budget(self):
    name = self._get_param("Budget")["BudgetName"]
    budget_tags[name] = self._get_param("ResourceTags") or []
    return moto_create_budget(self)


def list_budget_tags(self):
    name = self._get_param("ResourceARN").rsplit("/", 1)[-1]
    return json.dumps({"ResourceTags": budget_tags.get(name, [])})


def describe_subscribers(self):
    wanted = self._get_param("Notification")
    keys = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    account = self._get_param("AccountId")
    budget = self.backend.budgets[account][self._get_param("BudgetName")]
    for notification in budget.notifications:
        if all(notification.details.get(key) == wanted.get(key) for key in keys):
            return json.dumps({"Subscribers": notification.subscribers})
    return json.dumps({"Subscribers": []})


def list_autoscaling_tags(self):
    return json.dumps({"Tags": {}})


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


InstanceResponse.run_instances = run_instances
BudgetsResponse.create_budget = create_budget
BudgetsResponse.list_tags_for_resource = list_budget_tags
BudgetsResponse.describe_subscribers_for_notification = describe_subscribers
ApplicationAutoScalingResponse.list_tags_for_resource = list_autoscaling_tags
ElastiCacheBackend.create_replication_group = create_group
ElastiCacheBackend.delete_replication_group = delete_group
ElastiCacheBackend.delete_cache_cluster = delete_cluster
ElastiCacheResponse.delete_cache_subnet_group = delete_cache_subnets

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
