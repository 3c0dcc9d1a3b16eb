"""checkov finds only what `.checkov.yaml` explains, and would find what is bad."""

import json
import os
import re
import subprocess

import pytest

from tests.baking import ROOT, make_environment
from tests.layers import leave_out
from tests.terraform import report

# Its many pinned packages would fight with ours, so it lives in an environment of its
# own, made once and kept.
HOME = ROOT / "build/checkov"
OPEN_SSH = """
resource "aws_vpc_security_group_ingress_rule" "mistake" {
  security_group_id = aws_security_group.server.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_ebs_volume" "mistake" {
  availability_zone = "ap-northeast-2a"
  size              = 1
}
"""


@pytest.fixture(scope="module")
def checkov(once):
    program = HOME / "bin/checkov"

    def install(folder):
        folder.mkdir()
        try:
            make_environment(HOME, "checkov<4")
        except AssertionError as failure:
            leave_out(f"checkov could not be installed: {failure}")

    if not program.exists():
        once("checkov", install)
    return program


@pytest.fixture
def scan(checkov):
    def found(folder):
        """What is wrong in a folder: {(check, resource)}; and what was left out."""
        done = subprocess.run(
            [checkov, "--directory", "terraform", "--output", "json"],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            # It would ask its maker for advice on each finding.
            env=os.environ | {"LOG_LEVEL": "CRITICAL"},
        )
        results = json.loads(done.stdout[done.stdout.index("{") :])
        assert results["results"].get("parsing_errors", []) == []
        assert results["summary"]["passed"] > 100, "the scanner saw too little"
        failed = results["results"].get("failed_checks", [])
        return {(check["check_id"], check["resource"]) for check in failed}

    return found


@pytest.mark.minutes(0.7)
def test_nothing_is_found_that_is_not_explained(bake, scan):
    assert scan(bake().path) == set()


def test_what_is_bad_is_found(bake, scan):
    project = bake()
    (project.path / "terraform/mistake.tf").write_text(OPEN_SSH)
    assert {
        ("CKV_AWS_24", "aws_vpc_security_group_ingress_rule.mistake"),
        ("CKV_AWS_3", "aws_ebs_volume.mistake"),
    } <= scan(project.path)


def test_every_exception_is_needed_and_has_its_reason(bake, scan):
    project = bake()
    settings = project.path / "terraform/.checkov.yaml"
    excepted = re.findall(r"- (CKV\w+) # \w", settings.read_text())
    assert len(excepted) == settings.read_text().count("- CKV")
    settings.write_text("framework: [terraform]\n")
    found = scan(project.path)
    assert {check for check, _ in found} == set(excepted)
    report.keep("scanner", {"checks": len(excepted), "findings": len(found)})
