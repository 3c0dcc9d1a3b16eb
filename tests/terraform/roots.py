"""A root of Terraform code in a baked project, and the commands on it."""

import glob
import json
import os
import subprocess
from pathlib import Path

PROVIDER = "registry.terraform.io/hashicorp/aws"
STANDARD_MIRRORS = (
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
)
# Where moto can't answer, the provider would try again for minutes.
OVERRIDE = 'provider "aws" {\n  max_retries = 2\n}\n'


def provider_mirror():
    """A folder that holds the AWS provider already; None: the network has it."""
    given = os.environ.get("TF_PROVIDER_MIRROR")
    optional = [path.split("/registry.")[0] for path in glob.glob(f"/opt/*/{PROVIDER}")]
    for folder in filter(None, [given, *STANDARD_MIRRORS, *optional]):
        if Path(folder, PROVIDER).is_dir():
            return folder


def write_settings(folder):
    """Terraform's own settings: plug-ins from the mirror, else downloaded once."""
    settings = folder / "terraform.rc"
    lines = ["disable_checkpoint = true"]
    if mirror := provider_mirror():
        lines += [
            "provider_installation {",
            f'  filesystem_mirror {{ path = "{mirror}" }}',
            "}",
        ]
    else:
        (folder / "plugins").mkdir(exist_ok=True)
        lines += [f'plugin_cache_dir = "{folder / "plugins"}"']
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return settings


class Root:
    """One root folder; `env` decides which cloud it talks to."""

    def __init__(self, program, folder, env):
        self.program = program
        self.folder = folder
        self.env = env

    def run(self, *arguments, check=True, typed=""):
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=self.env,
            encoding="utf-8",
            input=typed,
            capture_output=True,
            timeout=900,
        )
        if check:
            said = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            assert done.returncode == 0, f"terraform {arguments} failed:\n{said}"
        return done

    def init(self, *arguments):
        (self.folder / "test_override.tf").write_text(OVERRIDE, encoding="utf-8")
        self.run("init", "-no-color", *arguments)
        return self

    def changes(self, *arguments):
        """What a plan would do: {address: action}, reads left out."""
        said = self.run("plan", "-json", *arguments).stdout.splitlines()
        events = [json.loads(line) for line in said]
        assert any(event["type"] == "change_summary" for event in events), said
        return {
            event["change"]["resource"]["addr"]: event["change"]["action"]
            for event in events
            if event["type"] == "planned_change" and event["change"]["action"] != "read"
        }

    def planned(self, address, *arguments):
        """What a plan would change one resource from, and to."""
        self.run("plan", "-out=planned", *arguments)
        plan = json.loads(self.run("show", "-json", "planned").stdout)
        (change,) = (
            each["change"]
            for each in plan["resource_changes"]
            if each["address"] == address
        )
        return change["before"], change["after"]

    def refusal(self, *arguments):
        """What a plan that must fail says, its line breaks and frame taken out."""
        done = self.run("plan", "-no-color", *arguments, check=False)
        assert done.returncode == 1, done.stdout[-2000:]
        return " ".join(done.stderr.replace("│", " ").split())

    def apply(self, *arguments):
        self.run("apply", "-no-color", "-auto-approve", *arguments)

    def destroy(self, *arguments):
        self.run("destroy", "-no-color", "-auto-approve", *arguments)

    def state(self, address):
        """The values of one resource in the state."""
        root = json.loads(self.run("show", "-json").stdout)["values"]["root_module"]
        (found,) = [r for r in root["resources"] if r["address"] == address]
        return found["values"]

    def console(self, expression, *arguments):
        return self.run("console", *arguments, typed=expression).stdout

    def outputs(self):
        outputs = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in outputs.items()}


def environment(settings, cloud):
    """No account, endpoint or setting of the person who runs the tests gets in."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("AWS_", "TF_"))
    }
    terraform = {"TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1"}
    return kept | cloud.variables() | terraform
