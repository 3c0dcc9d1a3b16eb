"""GET /schema, GET /docs, and REST_API_SPEC.yaml"""

import re
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.once

SPEC = Path(__file__).resolve().parent.parent / "REST_API_SPEC.yaml"


def test_the_committed_document_is_what_the_code_says():
    made = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=made)
    assert made.getvalue() == SPEC.read_text(encoding="utf-8"), "run: make schema"


def test_it_is_openapi_3_1_and_public(nobody):
    response = nobody.get("/schema")
    assert response.status_code == 200
    assert response.content.startswith(b"openapi: 3.1.")


@pytest.mark.django_db
def test_swagger_ui_comes_from_this_server(nobody):
    page = nobody.get("/docs")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert links
    assert all(link.startswith("/") and not link.startswith("//") for link in links)


@pytest.mark.django_db
def test_its_files_are_there(client):
    page = client.get("/api/v1/docs").content.decode()
    for link in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        with closing(client.get(link)) as file:
            assert file.status_code == 200, link


def test_the_root_leads_there(client):
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/api/v1/docs")
