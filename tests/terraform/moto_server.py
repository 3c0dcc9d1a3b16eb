"""moto's server, and the few AWS answers that Terraform needs and moto lacks.

Run as `python -m tests.terraform.moto_server PORT`: it serves on 127.0.0.1 until it is
stopped.
"""

import json
import sys

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.ec2.responses.instances import InstanceResponse
from moto.server import main

import tests.terraform.moto_cache
import tests.terraform.moto_ecs  # noqa: F401

moto_run_instances = InstanceResponse.run_instances
moto_create_budget = BudgetsResponse.create_budget
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


InstanceResponse.run_instances = run_instances
BudgetsResponse.create_budget = create_budget
BudgetsResponse.list_tags_for_resource = list_budget_tags
BudgetsResponse.describe_subscribers_for_notification = describe_subscribers
ApplicationAutoScalingResponse.list_tags_for_resource = list_autoscaling_tags

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
