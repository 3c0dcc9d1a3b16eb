"""What moto's ECS lacks for a deployment: rollouts that end, and containers that fail.

No container runs there. A release whose tag begins with `bad` never becomes healthy,
and the circuit breaker goes back; one that begins with `dead` can't be migrated.
"""

import uuid

from moto.core.utils import utcnow
from moto.ecs.models import Container, EC2ContainerServiceBackend

UNHEALTHY, NOT_MIGRATED = "bad", "dead"
BACK = "ECS deployment circuit breaker: rolling back to {}."
moto_update_service = EC2ContainerServiceBackend.update_service
moto_describe_services = EC2ContainerServiceBackend.describe_services
moto_container = Container.__init__


def release(task_definition):
    (container,) = task_definition.container_definitions
    settings = {one["name"]: one["value"] for one in container.get("environment", [])}
    return settings.get("RELEASE", "")


def make_container(self, task_definition):
    moto_container(self, task_definition)
    self.exitCode = int(release(task_definition).startswith(NOT_MIGRATED))


def requirements(task_definition):
    """A machine's share of nothing: Fargate has none, and no memory by container."""
    return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}


def update_service(self, properties):
    """Begin a rollout if there is another revision to bring."""
    name = properties["service"].split("/")[-1]
    before = self._get_service(properties["cluster"], name).task_definition
    service = moto_update_service(self, properties)
    if service.task_definition != before:
        primary = dict(service.deployments[0])
        primary |= {"id": f"ecs-svc/{uuid.uuid4()}", "rolloutState": "IN_PROGRESS"}
        primary |= {"taskDefinition": service.task_definition}
        old = service.deployments[0] | {"status": "ACTIVE", "taskDefinition": before}
        service.deployments = [primary, old]
        service.asked = 0
    return service


def describe_services(self, cluster_str, service_names_or_arns):
    """End a rollout when it is asked about for the second time."""
    found = moto_describe_services(self, cluster_str, service_names_or_arns)
    for service in found[0]:
        if len(service.deployments) > 1:
            service.asked += 1
            if service.asked == 2:
                end_rollout(self, service)
    return found


def end_rollout(ecs, service):
    new, old = service.deployments
    if release(ecs.describe_task_definition(service.task_definition)).startswith(
        UNHEALTHY
    ):
        new |= {"rolloutState": "FAILED", "status": "ACTIVE"}
        new["rolloutStateReason"] = BACK.format(old["id"])
        old |= {"status": "PRIMARY", "rolloutState": "COMPLETED"}
        service.task_definition = old["taskDefinition"]
        service.deployments = [old, new]
        say(service, f"deployment {new['id']} failed: tasks failed to start")
    else:
        new["rolloutState"] = "COMPLETED"
        service.deployments = [new]
        say(service, "has reached a steady state")


def say(service, message):
    event = {"id": str(uuid.uuid4()), "createdAt": utcnow()}
    message = f"(service {service.name}) {message}."
    service.events.insert(0, event | {"message": message})


Container.__init__ = make_container
EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(
    requirements
)
EC2ContainerServiceBackend.update_service = update_service
EC2ContainerServiceBackend.describe_services = describe_services
