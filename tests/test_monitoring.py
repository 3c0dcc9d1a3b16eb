"""What the rendered project watches with: each rule and query, on real programs."""

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.baking import run, succeed

PROGRAMS = (
    *("openssl", "prometheus", "prometheus-blackbox-exporter"),
    "prometheus-node-exporter",
)


@pytest.fixture
def monitoring(rendered, tmp_path):
    return shutil.copytree(rendered.path / "monitoring", tmp_path / "monitoring")


def test_prometheus_reads_the_configuration_and_the_rules(monitoring, tool):
    config = monitoring / "prometheus.yml"
    said = succeed(tool("promtool"), "check", "config", config, cwd=monitoring)
    assert "1 rule files found" in said


def test_each_rule_fires_when_it_has_to_and_not_before(monitoring, tool):
    succeed(tool("promtool"), "test", "rules", "alerts_test.yml", cwd=monitoring)


# 1: always, 0: never.
@pytest.mark.parametrize("broken", ["vector(1)", "vector(1) == 0"])
def test_each_broken_rule_is_found(monitoring, tool, broken):
    alerts = monitoring / "alerts.yml"
    rules = yaml.safe_load(alerts.read_text(encoding="utf-8"))
    for rule in rules["groups"][0]["rules"]:
        rule["expr"] = broken
    alerts.write_text(yaml.safe_dump(rules), encoding="utf-8")
    done = run(tool("promtool"), "test", "rules", "alerts_test.yml", cwd=monitoring)
    found = set(re.findall(r"alertname: (\w+)", done.stdout))
    assert found == {rule["alert"] for rule in rules["groups"][0]["rules"]}


def can_mount_a_disk():
    return os.geteuid() == 0 and Path("/dev/loop-control").exists()


@pytest.mark.minutes(1)
def test_each_query_gives_what_a_load_counted_and_faults_fire_alerts(project, tool):
    for program in PROGRAMS:
        tool(program)
    said = project.run(".venv/bin/python", "-m", "lab.monitoring")
    queries, counts = map(
        int, re.search(r"(\d+) queries .*, (\d+) counts", said).groups()
    )
    assert queries > 40 and counts > 10
    alerts = yaml.safe_load((project.path / "monitoring/alerts.yml").read_text("utf-8"))
    (fired,) = re.findall(r"Fired: (.*)\.", said)
    fired, untried = fired.split(", "), re.findall(r"Not tried: (\w+)", said)
    every = [rule["alert"] for rule in alerts["groups"][0]["rules"]]
    assert sorted(fired + untried) == sorted(every)
    assert untried == ["MemoryShort"] + ["DiskFilling"] * (not can_mount_a_disk())
