"""Has Terraform itself work out what the blocks of a file say, without AWS.

AWS's plugin is large and wants a network, so blocks are planned without it: each
becomes a `terraform_data`, which Terraform has built in. Expressions, `for_each`,
`count` and variables stay Terraform's own.
"""

import json
import os
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from course.blocks import Item, items
from course.grader import ROOT
from course.marks import wrong

REPEATED = ("count", "for_each")
# What tells Terraform how to handle a resource says nothing of what it is.
HANDLING = (*REPEATED, "depends_on", "lifecycle", "provider")
AWS = re.compile(r"(?<![\w.])(data\.)?(aws_\w+\.)")


def planned(
    file: str, symbols: set[str], others: dict[str, Any], **variables: Any
) -> list[dict[str, Any]]:
    """Return what Terraform would make of these blocks of a file, one dict for each.

    `others` stands in for what the blocks refer to: {"aws_vpc": {"this": {"id": "v"}}}.
    Raises Wrong if Terraform refuses the code.
    """
    text = (ROOT / file).read_text(encoding="utf-8")
    try:
        found = [each for each in items(text) if each.is_block]
        code = [
            f"locals {{\n{each.text}\n}}" for each in found if each.name == "locals"
        ]
        code += [_built_in(each) for each in found if each.symbol in symbols]
    except ValueError as error:
        wrong("no_plan", file, error=error)
    main = AWS.sub(r"local.others.\1\2", "\n\n".join(code))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "main.tf").write_text(main, encoding="utf-8")
        stand_in = {"locals": {"others": others}}
        (folder / "others.tf.json").write_text(json.dumps(stand_in), encoding="utf-8")
        declared = (ROOT / file).with_name("variables.tf").read_text(encoding="utf-8")
        (folder / "variables.tf").write_text(declared, encoding="utf-8")
        values = json.dumps(variables)
        (folder / "terraform.tfvars.json").write_text(values, encoding="utf-8")
        return _plan(folder)


def _built_in(block: Item) -> str:
    name = block.symbol.replace(".", "__")
    parts = list(items(block.text))
    lines = [f"{each.name} = {each.text}" for each in parts if each.name in REPEATED]
    own = [each for each in parts if each.name not in HANDLING]
    lines.append(f"input = {_as_object(own)}")
    return "\n".join([f'resource "terraform_data" "{name}" {{', *lines, "}"])


def _as_object(parts: list[Item]) -> str:
    """Return an object; a block that may come several times becomes a list."""
    lines, blocks = [], defaultdict(list)
    for each in parts:
        if each.is_block:
            blocks[each.name].append(_as_object(list(items(each.text))))
        else:
            lines.append(f"{each.name} = {each.text}")
    for name, objects in blocks.items():
        lines.append(f"{name} = [{', '.join(objects)}]")
    return "{\n" + "\n".join(lines) + "\n}"


def _plan(folder: Path) -> list[dict[str, Any]]:
    _terraform(folder, "init", "-backend=false")
    _terraform(folder, "plan", "-refresh=false", "-lock=false", "-out=plan")
    shown = json.loads(_terraform(folder, "show", "-json", "plan"))
    resources = shown["planned_values"]["root_module"].get("resources", [])
    return [
        {"address": each["address"].partition(".")[2].replace("__", ".")}
        | each["values"]["input"]
        for each in resources
    ]


def _terraform(folder: Path, command: str, *options: str) -> str:
    if command != "show":
        options = ("-input=false", *options)
    done = subprocess.run(
        ["terraform", command, "-no-color", *options],
        cwd=folder,
        # Terraform would ask for news of itself.
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line.strip("│╷╵ ") for line in done.stderr.splitlines()]
        said = [line for line in lines if line]
        error = next((line for line in said if line.startswith("Error:")), "")
        wrong("no_plan", said[:12], error=error.removeprefix("Error:").strip())
    return done.stdout
