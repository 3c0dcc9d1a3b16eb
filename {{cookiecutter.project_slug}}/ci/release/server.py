"""The server: it runs deploy.sh, which Systems Manager starts."""

import os
import time

from ci.release.command import Refused, aws, say

# The document ends by itself after 30 minutes.
LONGEST = 35 * 60
# A new server is known to Systems Manager only after its first minutes.
UNTIL_KNOWN = 5 * 60
# A server that is off must not deploy when somebody switches it on days later.
UNTIL_TAKEN_UP = 120
NEVER_TAKEN_UP = {"DeliveryTimedOut", "Undeliverable"}
UNDER_WAY = {"Pending", "InProgress", "Delayed", "Cancelling"}


def deploy(instance, document, tag):
    """Run the deploy document and show what it says; raise Refused if it fails."""
    command = send(instance, document, tag)
    say(f"Systems Manager runs {document} on {instance} (command {command})")
    answer = follow(command, instance)
    if answer["StatusDetails"] in NEVER_TAKEN_UP:
        raise Refused(
            f"{instance} did not take the deploy up in {UNTIL_TAKEN_UP} s: is it on?"
        )
    if answer["Status"] != "Success":
        raise Refused(
            f"the deploy on the server ended with {answer['StatusDetails']} "
            f"(exit code {answer['ResponseCode']})"
        )


def send(instance, document, tag):
    """Return the id of the command; wait for a server that was made just now."""
    send_command = (
        *("ssm", "send-command", "--document-name", document),
        *("--instance-ids", instance, "--parameters", f"Tag={tag}"),
        *("--comment", f"deploy {tag}", "--timeout-seconds", str(UNTIL_TAKEN_UP)),
    )
    deadline = time.monotonic() + UNTIL_KNOWN
    while True:
        try:
            return aws(*send_command)["Command"]["CommandId"]
        except Refused as error:
            left = deadline - time.monotonic()
            if "InvalidInstanceId" not in str(error) or left < 0:
                raise
        say(f"Systems Manager does not know {instance} yet; trying {left:.0f} s more")
        time.sleep(5 * pause())


def follow(command, instance):
    """Show a command's output as it comes; return Systems Manager's last word on it."""
    shown = {"StandardOutputContent": "", "StandardErrorContent": ""}
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        answer = invocation(command, instance)
        if answer:
            show_new(answer, shown)
            if answer["Status"] not in UNDER_WAY:
                return answer
        time.sleep(pause())
    raise Refused(f"the deploy did not end within {LONGEST // 60} minutes")


def invocation(command, instance):
    # For a moment after it was sent, nobody knows of it.
    ask = ("--command-id", command, "--instance-id", instance)
    try:
        return aws("ssm", "get-command-invocation", *ask)
    except Refused as error:
        if "InvocationDoesNotExist" in str(error):
            return None
        raise


def show_new(answer, shown):
    for stream_name, before in shown.items():
        text = answer.get(stream_name, "")
        for line in text.removeprefix(before).splitlines():
            say(f"  {line}")
        shown[stream_name] = text


def pause():
    """Return the seconds between two questions."""
    return float(os.environ.get("DEPLOY_POLL_SECONDS", "3"))
