"""Deploys to the server: Systems Manager runs deploy.sh there."""

import os
import time
from typing import Any

from ci.release.command import ReleaseError, aws, say

# The document ends by itself after 30 minutes.
DEPLOY_TIMEOUT = 35 * 60
# A new server is known to Systems Manager only after its first minutes.
REGISTRATION_TIMEOUT = 5 * 60
# A server that is off must not deploy when somebody switches it on days later.
DELIVERY_TIMEOUT = 120
NOT_DELIVERED = {"DeliveryTimedOut", "Undeliverable"}
RUNNING = {"Pending", "InProgress", "Delayed", "Cancelling"}
# What Systems Manager knows of a command on one server, by its own names.
Invocation = dict[str, Any]


def deploy(instance: str, document: str, tag: str) -> None:
    """Run the deploy document and show its output; raise ReleaseError if it fails."""
    command = _send(instance, document, tag)
    say(f"Systems Manager runs {document} on {instance} (command {command})")
    answer = _follow(command, instance)
    if answer["StatusDetails"] in NOT_DELIVERED:
        raise ReleaseError(
            f"{instance} did not take the deploy up in {DELIVERY_TIMEOUT} s: is it on?"
        )
    if answer["Status"] != "Success":
        raise ReleaseError(
            f"the deploy on the server ended with {answer['StatusDetails']} "
            f"(exit code {answer['ResponseCode']})"
        )


def _send(instance: str, document: str, tag: str) -> str:
    """Send the command and return its id; wait while a new server is unknown."""
    send_command = (
        *("ssm", "send-command", "--document-name", document),
        *("--instance-ids", instance, "--parameters", f"Tag={tag}"),
        *("--comment", f"deploy {tag}", "--timeout-seconds", str(DELIVERY_TIMEOUT)),
    )
    deadline = time.monotonic() + REGISTRATION_TIMEOUT
    while True:
        try:
            return str(aws(*send_command)["Command"]["CommandId"])
        except ReleaseError as error:
            left = deadline - time.monotonic()
            if "InvalidInstanceId" not in str(error) or left < 0:
                raise
        say(f"Systems Manager does not know {instance} yet; trying {left:.0f} s more")
        time.sleep(5 * _pause())


def _follow(command: str, instance: str) -> Invocation:
    """Show a command's output as it comes; return Systems Manager's last answer."""
    shown = {"StandardOutputContent": "", "StandardErrorContent": ""}
    deadline = time.monotonic() + DEPLOY_TIMEOUT
    while time.monotonic() < deadline:
        answer = _invocation(command, instance)
        if answer:
            show_new(answer, shown)
            if answer["Status"] not in RUNNING:
                return answer
        time.sleep(_pause())
    raise ReleaseError(f"the deploy did not end within {DEPLOY_TIMEOUT // 60} minutes")


def _invocation(command: str, instance: str) -> Invocation | None:
    # For a moment after it is sent, a command is unknown.
    ask = ("--command-id", command, "--instance-id", instance)
    try:
        found: Invocation = aws("ssm", "get-command-invocation", *ask)
    except ReleaseError as error:
        if "InvocationDoesNotExist" in str(error):
            return None
        raise
    return found


def show_new(answer: Invocation, shown: dict[str, str]) -> None:
    """Show what is new; `shown`, {stream: its text so far}, is updated."""
    for stream_name, before in shown.items():
        text = answer.get(stream_name, "")
        for line in text.removeprefix(before).splitlines():
            say(f"  {line}")
        shown[stream_name] = text


def _pause() -> float:
    """Return the seconds between two requests."""
    return float(os.environ.get("DEPLOY_POLL_SECONDS", "3"))
