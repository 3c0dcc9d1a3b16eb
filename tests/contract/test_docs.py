"""GET /schema and GET /docs: public, with all assets from this host."""

import re
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
import yaml

from .test_errors import METHODS

ASSET = re.compile(r"""(?:src|href)\s*=\s*["']([^"']+)["']""")
ABSOLUTE = re.compile(r"""(?:https?:)?//[\w.-]+\.[a-z]{2,}[\w./:-]*""", re.I)


@pytest.fixture(scope="session")
def service(services):
    """On one database: this does not depend on it."""
    return services("sqlite")


@pytest.fixture
def schema(stranger):
    response = stranger.get("/schema")
    assert response.status_code == 200
    # JSON is YAML too.
    return yaml.safe_load(response.text)


@pytest.fixture
def docs(stranger):
    response = stranger.get("/docs", headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    return response


def test_the_schema_is_openapi_3_1(schema):
    assert schema["openapi"].startswith("3.1")


def test_the_schema_has_every_row_of_the_contract_and_no_other(schema):
    described = {
        (method.upper(), re.sub(r"{\w+}", "1", path.removeprefix("/api/v1")))
        for path, methods in schema["paths"].items()
        for method in methods
        if method != "parameters"
    }
    rows = {(method, path) for path, methods in METHODS.items() for method in methods}
    documents = {("GET", "/schema"), ("GET", "/docs")}

    assert described - documents == rows - documents


def test_the_docs_page_names_no_other_host(docs):
    assert ABSOLUTE.findall(docs.text) == []


def test_the_docs_page_gets_everything_from_here(docs):
    assets = [urljoin(str(docs.url), each) for each in ASSET.findall(docs.text)]
    assets = [each for each in assets if not each.startswith("data:")]

    assert len(assets) >= 3
    for asset in assets:
        assert urlsplit(asset).netloc == urlsplit(str(docs.url)).netloc
        assert httpx.get(asset, trust_env=False).status_code == 200


def test_the_docs_page_shows_the_schema(docs):
    assert "/api/v1/schema" in docs.text
