"""The server: it runs deploy.sh, through Systems Manager or over SSH."""

import os
import tempfile
import time
import urllib.parse
import urllib.request
from typing import Any

from ci.release.command import ReleaseError, aws, say, stream

# The document ends by itself after 30 minutes.
DEPLOY_TIMEOUT = 35 * 60
# A new server is known to Systems Manager only after its first minutes.
REGISTRATION_TIMEOUT = 5 * 60
# A server that is off must not deploy when somebody switches it on days later.
DELIVERY_TIMEOUT = 120
NOT_DELIVERED = {"DeliveryTimedOut", "Undeliverable"}
RUNNING = {"Pending", "InProgress", "Delayed", "Cancelling"}
WHAT_IS_MY_ADDRESS = "https://checkip.amazonaws.com"
# What Systems Manager knows of a command on one server, by its own names.
Invocation = dict[str, Any]
# By this the rules that a deployment made are told from all others.
OURS = "a deployment under way"


def over_ssm(instance: str, document: str, tag: str) -> None:
    """Run the deploy document and show what it says; raise ReleaseError if it fails."""
    command = send(instance, document, tag)
    say(f"Systems Manager runs {document} on {instance} (command {command})")
    answer = follow(command, instance)
    if answer["StatusDetails"] in NOT_DELIVERED:
        raise ReleaseError(
            f"{instance} did not take the deploy up in {DELIVERY_TIMEOUT} s: is it on?"
        )
    if answer["Status"] != "Success":
        raise ReleaseError(
            f"the deploy on the server ended with {answer['StatusDetails']} "
            f"(exit code {answer['ResponseCode']})"
        )


def send(instance: str, document: str, tag: str) -> str:
    """Send the command, and return its id; wait if the server is too new for that."""
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
        time.sleep(5 * pause())


def follow(command: str, instance: str) -> Invocation:
    """Show a command's output as it comes; return Systems Manager's last answer."""
    shown = {"StandardOutputContent": "", "StandardErrorContent": ""}
    deadline = time.monotonic() + DEPLOY_TIMEOUT
    while time.monotonic() < deadline:
        answer = invocation(command, instance)
        if answer:
            show_new(answer, shown)
            if answer["Status"] not in RUNNING:
                return answer
        time.sleep(pause())
    raise ReleaseError(f"the deploy did not end within {DEPLOY_TIMEOUT // 60} minutes")


def invocation(command: str, instance: str) -> Invocation | None:
    # For a moment after it was sent, nobody knows of it.
    ask = ("--command-id", command, "--instance-id", instance)
    try:
        found: Invocation = aws("ssm", "get-command-invocation", *ask)
    except ReleaseError as error:
        if "InvocationDoesNotExist" in str(error):
            return None
        raise
    return found


def show_new(answer: Invocation, shown: dict[str, str]) -> None:
    for stream_name, before in shown.items():
        text = answer.get(stream_name, "")
        for line in text.removeprefix(before).splitlines():
            say(f"  {line}")
        shown[stream_name] = text


def pause() -> float:
    """Return the seconds between two requests."""
    return float(os.environ.get("DEPLOY_POLL_SECONDS", "3"))


def over_ssh(host: str, tag: str, key: str, known_hosts: str, port: str = "22") -> None:
    """Run deploy.sh over SSH; `key` and `known_hosts` are the files' contents."""
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "IdentityFile": write(folder, "key", key),
            "UserKnownHostsFile": write(folder, "known_hosts", known_hosts),
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
            "ConnectTimeout": "20",
        }
        chosen = [f"-o{name}={value}" for name, value in options.items()]
        where = ("ssh", "-F", "none", "-p", port, *chosen, f"ec2-user@{host}")
        # The machine's settings first, as in the document.
        prepare = "sudo /opt/library/host/prepare.sh"
        if code := stream(*where, f"{prepare} && sudo /opt/library/deploy.sh {tag}"):
            raise ReleaseError(f"the deploy on the server ended with exit code {code}")


def write(folder: str, name: str, text: str) -> str:
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(text.strip() + "\n")
    return path


def host_name(api_url: str) -> str:
    return urllib.parse.urlsplit(api_url).hostname or ""


def open_ssh(group: str) -> None:
    """Open port 22 for this machine's address alone."""
    close_ssh(group)
    address = f"{{CidrIp={own_address()}/32,Description={OURS}}}"
    try:
        aws("ec2", "authorize-security-group-ingress", *port_22(group, address))
    except ReleaseError as error:
        # Terraform opened it for this address.
        if "InvalidPermission.Duplicate" not in str(error):
            raise
    say("port 22 is open for this machine")


def close_ssh(group: str) -> None:
    """Undo open_ssh, of this run and of any that was killed."""
    asked = ("--filters", f"Name=group-id,Values={group}")
    rules = aws("ec2", "describe-security-group-rules", *asked)["SecurityGroupRules"]
    left = [
        f"{{CidrIp={rule['CidrIpv4']}}}"
        for rule in rules
        if rule.get("Description") == OURS
    ]
    if left:
        aws("ec2", "revoke-security-group-ingress", *port_22(group, *left))
        say("port 22 is closed again")


def port_22(group: str, *addresses: str) -> tuple[str, ...]:
    permission = "IpProtocol=tcp,FromPort=22,ToPort=22"
    ranges = f"IpRanges=[{','.join(addresses)}]"
    return "--group-id", group, "--ip-permissions", f"{permission},{ranges}"


def own_address() -> str:
    address = os.environ.get("WHAT_IS_MY_ADDRESS", WHAT_IS_MY_ADDRESS)
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode().strip())
