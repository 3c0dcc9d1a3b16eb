"""The dashboards that Grafana reads are those of the code, and each alert is proved."""

import re

import pytest
import yaml
from django.test import Client

from monitoring.__main__ import FOLDER, texts
from monitoring.dashboards import DASHBOARDS

pytestmark = pytest.mark.once
ALERTS = FOLDER.parent.parent / "alerts.yml"
ROOT = FOLDER.parent.parent.parent
# Where there is a digest, Dependabot proposes an image that was built anew, too.
PINNED = re.compile(r"[\w./-]+:v?[0-9.]+@sha256:[0-9a-f]{64}")


def test_the_dashboards_are_those_of_the_code():
    written = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert written == texts(), "run: python -m monitoring"


def test_each_title_is_there_once_and_in_both_languages():
    titles = [panel.title for each in DASHBOARDS for panel in each.panels]
    for each in DASHBOARDS:
        shown = [panel.title for panel in each.panels]
        assert len(set(shown)) == len(shown)
    korean = [title for title in titles if re.search("[가-힣]", title)]
    assert [title for title in titles if title not in korean] == []


def test_each_alert_has_a_test_that_makes_it_fire():
    alerts = re.findall(r"- alert: (\w+)", ALERTS.read_text("utf-8"))
    proofs = ALERTS.with_name("alerts_test.yml").read_text("utf-8")
    fire = re.findall(r"alertname: (\w+)\n +exp_alerts:", proofs)
    assert set(fire) == set(alerts) != set()


def test_prometheus_need_not_speak_tls_where_readers_must(settings, db):
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/api/v1/books").status_code == 301
    assert Client().get("/metrics").status_code == 200


@pytest.mark.parametrize("file", ["docker-compose.yml", "scripts/docker-compose.yml"])
def test_its_images_have_a_version_and_a_digest(file):
    services = yaml.safe_load((ROOT / file).read_text("utf-8"))["services"].values()
    images = [s["image"] for s in services if "monitoring" in s.get("profiles", ())]
    assert images and all(map(PINNED.fullmatch, images)), images
