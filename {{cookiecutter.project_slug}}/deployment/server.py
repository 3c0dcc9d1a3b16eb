"""The server: it runs deploy.sh, through Systems Manager or over SSH."""

import os
import tempfile
import time
import urllib.parse
import urllib.request

from deployment.command import Refused, aws, say, stream

# The document ends by itself after 30 minutes.
LONGEST = 35 * 60
UNDER_WAY = {"Pending", "InProgress", "Delayed", "Cancelling"}
WHAT_IS_MY_ADDRESS = "https://checkip.amazonaws.com"


def over_ssm(instance, document, tag):
    """Run the deploy document and show what it says; raise Refused if it fails."""
    command = aws(
        *("ssm", "send-command", "--document-name", document),
        *("--instance-ids", instance, "--parameters", f"Tag={tag}"),
        *("--comment", f"deploy {tag}"),
    )["Command"]["CommandId"]
    say(f"Systems Manager runs {document} on {instance} (command {command})")
    answer = follow(command, instance)
    if answer["Status"] != "Success":
        raise Refused(
            f"the deploy on the server ended with {answer['StatusDetails']} "
            f"(exit code {answer['ResponseCode']})"
        )


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
        if code := stream(*where, f"sudo /opt/library/deploy.sh {tag}"):
            raise Refused(f"the deploy on the server ended with exit code {code}")


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(text.strip() + "\n")
    return path


def host_of(api_url):
    return urllib.parse.urlsplit(api_url).hostname


def open_ssh(group):
    """Let this machine's address, and no other, reach port 22."""
    address = rule(own_address())
    aws("ec2", "authorize-security-group-ingress", "--group-id", group, *address)
    say("port 22 is open for this machine alone")


def close_ssh(group):
    """Take back what open_ssh did; harmless if it was never done."""
    address = rule(own_address())
    try:
        aws("ec2", "revoke-security-group-ingress", "--group-id", group, *address)
    except Refused as error:
        if "InvalidPermission.NotFound" not in str(error):
            raise
    say("port 22 is closed again")


def rule(address):
    port = "IpProtocol=tcp,FromPort=22,ToPort=22"
    note = "Description=a deployment under way"
    return "--ip-permissions", f"{port},IpRanges=[{{CidrIp={address}/32,{note}}}]"


def own_address():
    address = os.environ.get("WHAT_IS_MY_ADDRESS", WHAT_IS_MY_ADDRESS)
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode().strip()
