"""Refuse answers that could not work, all of them at once, one line each.

Standard library only, and the same on every system. Jinja renders this file
before Python reads it: the answers arrive as JSON, in which nothing that a person
can type ends the string.
"""

import ipaddress
import json
import os
import re
import sys
import unicodedata
from fnmatch import fnmatchcase
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

SLUG = re.compile(r"(?=.{3,40}\Z)[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Windows can't make a folder of such a name.
DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")
OWNER = r"(?=[^/]{1,39}/)[A-Za-z0-9]+([-_][A-Za-z0-9]+)*"
REPOSITORY = re.compile(OWNER + r"/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
REGION = re.compile(r"[a-z]{2}(-[a-z]{2,12}){1,3}-[1-9][0-9]?")

# Written out, because `is_global` differs between the Python versions.
NOT_PUBLIC = {
    "0.0.0.0/32": "it stands for every address there is",
    "0.0.0.0/8": "it means 'this network', not one computer",
    "10.0.0.0/8": "it is private, seen only inside your own network",
    "100.64.0.0/10": "it is shared, seen only inside your provider's network",
    "127.0.0.0/8": "it is loopback, a computer talking to itself",
    "169.254.0.0/16": "it is link-local, taken when no network answered",
    "172.16.0.0/12": "it is private, seen only inside your own network",
    "192.0.0.0/24": "it is reserved for protocols",
    "192.0.2.0/24": "it is reserved for documentation",
    "192.88.99.0/24": "it is reserved for IPv6 relays",
    "192.168.0.0/16": "it is private, seen only inside your own network",
    "198.18.0.0/15": "it is reserved for benchmarks",
    "198.51.100.0/24": "it is reserved for documentation",
    "203.0.113.0/24": "it is reserved for documentation",
    "224.0.0.0/4": "it is multicast, not one computer",
    "255.255.255.255/32": "it is broadcast, not one computer",
    "240.0.0.0/4": "it is reserved for the future",
}
UNPRINTABLE = {
    "Cc": "a control character",
    "Cs": "half a character",
    "Zl": "a line break",
    "Zp": "a line break",
}


def name_problem(answer):
    if not answer.strip():
        return "it must not be empty"


def slug_problem(answer):
    if not SLUG.fullmatch(answer):
        return (
            "it must be 3 to 40 of a-z, 0-9 and single hyphens, "
            "start with a letter and not end with a hyphen"
        )
    if DEVICE.fullmatch(answer):
        return "it must not be a name that Windows keeps for a device"


def repository_problem(answer):
    if not REPOSITORY.fullmatch(answer):
        return "it must be owner/name, as GitHub spells it"


def region_problem(answer):
    if not REGION.fullmatch(answer):
        return "it must be the code of an AWS region"


def key_pair_problem(answer):
    if not answer.isascii() or not 1 <= len(answer) <= 255:
        return "it must be 1 to 255 ASCII characters, as AWS demands"
    if answer != answer.strip():
        return "it must have no space at either end, as AWS demands"


def ip_problem(answer):
    reason = answer and why_not_public(answer)
    if reason:
        return f"{reason}; it must be one public IPv4 address, or empty"


def why_not_public(address):
    if "/" in address:
        return "it is a range or a URL"
    if ":" in address:
        return "it is IPv6 or has a port"
    if re.search(r"[^0-9.\s]", address):
        return "it is a name"
    try:
        ip = ipaddress.IPv4Address(address)
    except ValueError:
        return "it is not four numbers from 0 to 255 with dots between"
    for network, reason in NOT_PUBLIC.items():
        if ip in ipaddress.IPv4Network(network):
            return reason


def language_problem(answer):
    if answer not in ("en", "ko"):
        return "it must be en or ko"


CHECKS = {
    "project_name": (name_problem, "Library API"),
    "project_slug": (slug_problem, "library-api"),
    "author_name": (name_problem, "Ada Lovelace"),
    "github_repository": (repository_problem, "octocat/library-api"),
    "aws_region": (region_problem, "ap-northeast-2"),
    "key_pair_name": (key_pair_problem, "library"),
    "your_ip": (ip_problem, "1.1.1.1"),
    "language": (language_problem, "en"),
}


def unprintable(answer):
    kinds = (UNPRINTABLE.get(unicodedata.category(char)) for char in answer)
    if kind := next(filter(None, kinds), None):
        return f"it holds {kind}; it must be text on one line"


def leftovers():
    """List what running the project inside the template left there: cookiecutter
    would copy it, the secrets included."""
    repository = ANSWERS.get("_repo_dir")
    if not repository:
        return []
    # A relative one is seen from where the person is; the hook is elsewhere.
    template = Path(os.environ.get("PWD", ""), repository)
    for file in template.glob("*cookiecutter.project_slug*/.gitignore"):
        lines = file.read_text(encoding="utf-8").splitlines()
        rules = [line for line in lines if line and not line.startswith("# ")]
        return list(ignored(file.parent, rules))
    return []


def ignored(project, rules):
    """Yield what the rules of a .gitignore name; of a folder, not what is in it."""
    for folder, folders, files in os.walk(project):
        place = Path(folder).relative_to(project)
        found = {n for n in folders + files if is_ignored(place / n, rules)}
        yield from ((place / name).as_posix() for name in sorted(found))
        folders[:] = sorted(set(folders) - found)


def is_ignored(path, rules):
    verdict = False
    for rule in rules:
        pattern = rule.lstrip("!").rstrip("/")
        whole = f"/{path.as_posix()}" if pattern.startswith("/") else path.name
        if fnmatchcase(whole, pattern):
            verdict = not rule.startswith("!")
    return verdict


def problems():
    for prompt, (check, example) in CHECKS.items():
        answer = str(ANSWERS[prompt])
        if reason := unprintable(answer) or check(answer):
            yield f"{prompt}: {answer!r} refused: {reason}; for example: {example}"
    if left := leftovers():
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        yield (
            f"template: its project folder holds {', '.join(left[:5])}{more} from a "
            "run in place, which must not be copied; run there: make clean"
        )


def main():
    # A Korean Windows console can't show an emoji: show its escape instead.
    sys.stderr.reconfigure(errors="backslashreplace")
    lines = list(problems())
    print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr)
    sys.exit(1 if lines else 0)


main()
