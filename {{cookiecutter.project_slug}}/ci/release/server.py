"""The server: it runs deploy.sh, through Systems Manager or over SSH."""

import os
import tempfile
import time
import urllib.parse
import urllib.request

from ci.release.command import ReleaseError, aws, say, stream

# The document ends by itself after 30 minutes.
LONGEST = 35 * 60
# A new server is known to Systems Manager only after its first minutes.
UNTIL_KNOWN = 5 * 60
# Seconds. A server that is off must not deploy when it is switched on days later.
UNTIL_TAKEN_UP = 120
NEVER_TAKEN_UP = {"DeliveryTimedOut", "Undeliverable"}
UNDER_WAY = {"Pending", "InProgress", "Delayed", "Cancelling"}
WHAT_IS_MY_ADDRESS = "https://checkip.amazonaws.com"
# The description by which rules of a deployment are recognised.
OURS = "a deployment under way"


def over_ssm(instance, document, tag):
    """Run the deploy document and show what it says; raise ReleaseError if it fails."""
    command = send(instance, document, tag)
    say(f"Systems Manager runs {document} on {instance} (command {command})")
    answer = follow(command, instance)
    if answer["StatusDetails"] in NEVER_TAKEN_UP:
        raise ReleaseError(
            f"{instance} did not take the deploy up in {UNTIL_TAKEN_UP} s: is it on?"
        )
    if answer["Status"] != "Success":
        raise ReleaseError(
            f"the deploy on the server ended with {answer['StatusDetails']} "
            f"(exit code {answer['ResponseCode']})"
        )


def send(instance, document, tag):
    """Send the command, and return its id; wait if the server is too new for that."""
    send_command = (
        *("ssm", "send-command", "--document-name", document),
        *("--instance-ids", instance, "--parameters", f"Tag={tag}"),
        *("--comment", f"deploy {tag}", "--timeout-seconds", str(UNTIL_TAKEN_UP)),
    )
    deadline = time.monotonic() + UNTIL_KNOWN
    while True:
        try:
            return aws(*send_command)["Command"]["CommandId"]
        except ReleaseError as error:
            left = deadline - time.monotonic()
            if "InvalidInstanceId" not in str(error) or left < 0:
                raise
        say(f"Systems Manager does not know {instance} yet; trying {left:.0f} s more")
        time.sleep(5 * pause())


def follow(command, instance):
    """Show a command's output as it comes; return Systems Manager's last answer."""
    shown = {"StandardOutputContent": "", "StandardErrorContent": ""}
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        answer = invocation(command, instance)
        if answer:
            show_new(answer, shown)
            if answer["Status"] not in UNDER_WAY:
                return answer
        time.sleep(pause())
    raise ReleaseError(f"the deploy did not end within {LONGEST // 60} minutes")


def invocation(command, instance):
    # For a moment after it was sent, Systems Manager does not know the command.
    ask = ("--command-id", command, "--instance-id", instance)
    try:
        return aws("ssm", "get-command-invocation", *ask)
    except ReleaseError as error:
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
    """Return the seconds between two requests."""
    return float(os.environ.get("DEPLOY_POLL_SECONDS", "3"))


def over_ssh(host, tag, key, known_hosts, port="22"):
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


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(text.strip() + "\n")
    return path


def host_of(api_url):
    return urllib.parse.urlsplit(api_url).hostname


def open_ssh(group):
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


def close_ssh(group):
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


def port_22(group, *addresses):
    permission = "IpProtocol=tcp,FromPort=22,ToPort=22"
    ranges = f"IpRanges=[{','.join(addresses)}]"
    return "--group-id", group, "--ip-permissions", f"{permission},{ranges}"


def own_address():
    address = os.environ.get("WHAT_IS_MY_ADDRESS", WHAT_IS_MY_ADDRESS)
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode().strip()
