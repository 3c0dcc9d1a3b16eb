"""What the code itself says of its prompts, settings, targets and counters."""

import ast
import json
import re

from docs.tools import PROJECT, ROOT

READERS = {"secret", "boolean", "integer", "rate", "choice", "origins"}
# Reading these is no way to configure the service.
INTERNAL = {"PROMETHEUS_MULTIPROC_DIR"}
# What prometheus_client calls them, and the files that have some.
KINDS = ("counter", "gauge", "histogram")
MEASURED = (
    *("common/http_metrics.py", "config/refusals.py", "config/hits.py"),
    "common/database_metrics.py",
    *("loans/metrics.py", "common/events.py", "caching/ops/metrics.py"),
    "config/metrics.py",
)
TARGET = re.compile(r"^(?P<name>[a-z][a-z-]*):[^#\n]*## *(?P<says>.+)$", re.MULTILINE)


def prompts():
    """Each prompt's name, question and default."""
    said = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    for name, default in said.items():
        if not name.startswith("_"):
            question = said["__prompts__"][name]
            if isinstance(question, dict):
                question = question["__prompt__"]
            yield name, question, default


def targets(makefile):
    """The commands that a Makefile explains: name and explanation."""
    text = makefile.read_text(encoding="utf-8")
    return [(found["name"], found["says"].strip()) for found in TARGET.finditer(text)]


def settings():
    """Each environment variable that config/ reads: its kind and default, by name."""
    found = {}
    for path in sorted((PROJECT / "config").glob("*.py"), reverse=True):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if read := variable(node):
                name, kind, default = read
                found.setdefault(name, (kind, default))
    return dict(sorted(found.items()))


def variable(node):
    """What a call reads from the environment, if it does: name, kind, default."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    name = constant(node.args[0])
    caller = ast.unparse(node.func)
    if not isinstance(name, str) or not name.isupper() or name in INTERNAL:
        return None
    if caller in READERS:
        return name, caller, default_of(node, False if caller == "boolean" else None)
    if caller.startswith("env."):
        return name, caller.removeprefix("env."), default_of(node)
    if caller == "os.environ.get":
        return name, "str", default_of(node)
    return None


def default_of(call, default=None):
    """The second argument, or the one named `default`, if it is written out."""
    given = [k.value for k in call.keywords if k.arg == "default"] or call.args[1:2]
    value = constant(given[0]) if given else default
    return "" if value is None else value


def constant(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def caching():
    """Each field of the cache layer's settings, and its default."""
    tree = ast.parse((PROJECT / "caching/conf.py").read_text(encoding="utf-8"))
    (conf,) = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    return {
        node.target.id: constant(node.value)
        for node in conf.body
        if isinstance(node, ast.AnnAssign)
    }


def caching_variables():
    """The environment variable of each field of `CACHING`, where there is one."""
    tree = ast.parse((PROJECT / "config/settings.py").read_text(encoding="utf-8"))
    (given,) = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CACHING"
    ]
    names = {}
    for key, value in zip(given.keys, given.values, strict=True):
        read = [variable(node)[0] for node in ast.walk(value) if variable(node)]
        if isinstance(value, ast.Name) and value.id.isupper():
            read = [value.id]
        if isinstance(value, ast.Call) and not read:
            read = [a.id for a in value.args if isinstance(a, ast.Name)]
        names[constant(key)] = read[0] if read else ""
    return names


def metrics():
    """Each metric at /metrics: name as scraped, kind, explanation and labels."""
    for path in MEASURED:
        tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            kind = called.removesuffix("MetricFamily").lower()
            if kind in KINDS:
                name, says, *labels = map(constant, node.args)
                name += "_total" if kind == "counter" else ""
                yield name, kind, says, labels[0] if labels else []
