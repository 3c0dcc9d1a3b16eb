"""Reads Dockerfile and .dockerignore as Docker does, over a folder full of secrets."""

import fnmatch
import json
import random
import re
import shlex

from course.grader import ROOT
from course.marks import wrong

KEPT = (
    *("manage.py", "config/gunicorn.py", "books/models.py", "scripts/deploy.sh"),
    *("requirements/production.txt", "caching/stores/stamps.lua"),
    "scripts/proxy/Caddyfile",
)
PLACES = ("", "config/", "scripts/", "books/", "users/")
SECRET = re.compile(r"(SECRET|PASSWORD|TOKEN|PRIVATE|_KEY\b)")
LARGE = re.compile(r"apt-get .*\b(build-essential|gcc|g\+\+|clang|\w+-dev)\b")
FOLDERS = re.compile(r"\*\*/?|\*|\?|[^*?]+")


def check(seed):
    """Read what an image holds, who runs it, and how it is built and stopped."""
    secrets = private_files(random.Random(seed))
    ignored = read(".dockerignore").splitlines()
    sent = [path for path in (*KEPT, *secrets) if not is_ignored(path, ignored)]
    check_files(sent, secrets)
    stages = read_stages(read("Dockerfile"))
    last = with_bases(stages)
    check_size(last)
    check_secrets(stages)
    check_user(last)
    check_order(stages)
    check_running(last)


def private_files(data):
    """Return the paths of files that never may be in an image."""
    word = data.choice(("prod", "backup", "old", "mine", "library"))
    names = [f"{word}.dump", f"{word}.pem", f"{word}.env", f"{word}.sqlite3", "Z.bak"]
    placed = [f"{data.choice(PLACES)}{name}" for name in names]
    nested = f"{data.choice(PLACES[1:])}{data.choice(('.env', '.env.local'))}"
    return [".env", ".git/config", nested, *placed]


def read(name):
    """Return the text of a file of the project, or none."""
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def is_ignored(path, lines):
    """Return whether .dockerignore keeps a file out: the last rule that fits wins."""
    ignored = False
    for line in map(str.strip, lines):
        if line and not line.startswith("#"):
            rule = line.removeprefix("!").strip("/")
            parts = path.split("/")
            parents = ["/".join(parts[: n + 1]) for n in range(len(parts))]
            if any(fits(rule, each) for each in parents):
                ignored = not line.startswith("!")
    return ignored


def fits(rule, path):
    """Return whether a rule fits a path: `*` stops at a slash, `**` doesn't."""
    said = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = FOLDERS.findall(rule)
    pattern = "".join(said.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(pattern, path) is not None


def check_files(sent, secrets):
    """Look at what goes to Docker, and so into the image with `COPY . .`."""
    inside = [path for path in sent if path in secrets]
    if inside:
        said = [f"goes into the image: {path}" for path in inside]
        wrong("private", said, path=inside[0])
    missing = [path for path in KEPT if path not in sent]
    if missing:
        wrong("missing", missing, path=missing[0])


def read_stages(text):
    """Return the stages, each a list of pairs: an instruction and what follows it."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    stages = []
    for name, rest in ((pair[0].upper(), pair[1].strip()) for pair in pairs):
        if name == "FROM":
            stages.append([])
        if stages:
            stages[-1].append((name, rest))
    if not stages:
        wrong("no_stage", text[:200])
    return stages


def with_bases(stages):
    """Return the last stage, after those that it is made from."""
    named = {}
    for stage in stages:
        image, *alias = stage[0][1].split()
        whole = [*named.get(image, stage[:1]), *stage[1:]]
        if alias:
            named[alias[-1]] = whole
    return whole


def check_size(last):
    """Look for what makes an image large."""
    image = last[0][1].split()[0]
    if ":" not in image or image.endswith(":latest"):
        wrong("latest", f"FROM {image}", image=image)
    if image.startswith("python:") and not re.search("slim|alpine", image):
        wrong("large", f"FROM {image}", image=image)
    for _, rest in those(last, "RUN"):
        if found := LARGE.search(rest):
            wrong("tools", f"RUN {rest}", tool=found[1])


def check_secrets(stages):
    """Look for secrets that the image's history would tell."""
    for stage in stages:
        for name, rest in [*those(stage, "ENV"), *those(stage, "ARG")]:
            for word in shlex.split(rest):
                if SECRET.search(word.partition("=")[0]):
                    wrong("told", f"{name} {rest}", name=word.partition("=")[0])


def check_user(last):
    """Look at who runs the API, and what they may change."""
    users = [rest for _, rest in those(last, "USER")]
    user = users[-1].split(":")[0] if users else "root"
    if user in ("root", "0"):
        wrong("root", f"USER {users[-1]}" if users else "no USER in the last stage")
    for _, rest in those(last, "COPY"):
        owner = re.search(r"--chown=(\w+)", rest)
        if owner and owner[1] not in ("root", "0") and "--from" not in rest:
            wrong("own_code", f"COPY {rest}", owner=owner[1])


def check_order(stages):
    """Packages are installed before the code comes: else each change installs them."""
    for stage in stages:
        has_code = False
        for name, rest in stage:
            if name in ("COPY", "ADD"):
                has_code = has_code or any(map(is_code, sources(rest)))
            elif has_code and re.search(r"pip\b.*\binstall\b", rest):
                wrong("order", ["COPY . .", f"{name} {rest}"])


def sources(rest):
    """Return what a COPY takes: all but the options and the place where it goes."""
    words = [each for each in rest.split() if not each.startswith("--")]
    text = " ".join(words)
    return (json.loads(text) if text.startswith("[") else words)[:-1]


def is_code(source):
    """Return whether a COPY of this takes a folder of code along."""
    return fnmatch.fnmatch("books", source.strip("./") or "*")


def check_running(last):
    """Look at how it is started, stopped and asked for its health."""
    commands = [*those(last, "ENTRYPOINT"), *those(last, "CMD")]
    if not commands:
        wrong("command", "no CMD in the last stage")
    for name, rest in commands:
        if not rest.startswith("["):
            wrong("shell", f"{name} {rest}")
    checks = [rest for _, rest in those(last, "HEALTHCHECK")]
    if not checks or checks[-1] == "NONE":
        wrong("health", "no HEALTHCHECK in the last stage")


def those(stage, name):
    """Return the instructions of this name."""
    return [pair for pair in stage if pair[0] == name]
