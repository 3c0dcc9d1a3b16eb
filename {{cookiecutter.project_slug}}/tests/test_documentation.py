"""GET /schema, GET /docs, and REST_API_SPEC.yaml"""

import re
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.http import HttpResponse, JsonResponse

from tests import documented
from tests.clients import API
from tests.factories import BookFactory, LoanFactory, TagFactory

pytestmark = pytest.mark.once

SPEC = Path(__file__).resolve().parent.parent / "REST_API_SPEC.yaml"


def test_the_committed_document_is_what_the_code_says():
    made = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=made)
    assert made.getvalue() == SPEC.read_text(encoding="utf-8"), "run: make schema"


def test_a_patch_has_no_defaults():
    """A generated client sends them, and so takes away what it does not change."""
    document = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    patched = [name for name in schemas if name.startswith("Patched")]
    assert patched
    for name in patched:
        assert "default" not in str(schemas[name]["properties"]), name


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


TAG = {"tag_id": 1, "name": "Art"}
ETAG, CACHED = {"ETag": '"a"'}, {"ETag": '"a"', "X-Cache": "HIT"}
SAID = {"type": "client_error", "errors": []}


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (JsonResponse(TAG, headers=CACHED), ""),
        (JsonResponse(TAG | {"more": 1}, headers=CACHED), "'more' was unexpected"),
        (JsonResponse({"tag_id": 1}, headers=CACHED), "'name' is a required property"),
        (JsonResponse(TAG | {"name": None}, headers=CACHED), "is not of type"),
        (JsonResponse(TAG, headers=ETAG), "the header X-Cache is missing"),
        (JsonResponse(TAG, headers=CACHED, status=201), "201 is not declared"),
        (HttpResponse("{}", "text/html", headers=CACHED), "media type is text/html"),
        (HttpResponse("x", status=304, headers=ETAG), "the body is not empty"),
        (JsonResponse(SAID, status=404), ""),
        (JsonResponse({"detail": "Not found."}, status=404), "was unexpected"),
        (JsonResponse(SAID, status=500), ""),
        (HttpResponse("<h1>", "text/html", status=500), "media type is text/html"),
    ],
)
def test_an_answer_off_the_document_is_noticed(response, told):
    problem = documented.problem("GET", f"{API}/tags/1", response)
    assert told in problem and bool(told) == bool(problem)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/tags/x", 404), ("GET", "/nothing", 404), ("POST", "/tags/1", 405)],
)
def test_what_the_document_does_not_know_is_an_error(method, path, status):
    problems = [
        documented.problem(method, API + path, JsonResponse(SAID, status=each))
        for each in (status, 200)
    ]
    assert problems == ["", f"200 is not declared; declared: {status}"]


@pytest.mark.django_db
@pytest.mark.parametrize("lists", ["/books", "/tags", "/loans", "/users"])
def test_every_page_of_a_list_is_as_documented(librarian, reader, lists):
    for _ in range(3):
        LoanFactory(user=reader.user, book=BookFactory(tags=[TagFactory()]))
    path, pages = f"{lists}?page_size=1", []
    while path:
        pages.append(librarian.get(path).json())
        path = (pages[-1]["next"] or "").partition(API)[2]
    assert len(pages) >= 2 and pages[-1]["next"] is None


@pytest.mark.django_db
def test_the_pages_after_a_place_are_as_documented(reader):
    BookFactory.create_batch(3)
    first = reader.get("/books?after=&page_size=2&page=1").json()
    last = reader.get(first["next"].partition(API)[2]).json()
    assert len(last["results"]) == 1 and last["next"] is None
