"""A client that is generated from the OpenAPI document can use the API."""

from pathlib import Path

import pytest

from tests.baking import clean_environment, make_environment, succeed

from .databases import KINDS

GENERATOR = "openapi-python-client==0.29.1"
WALK = Path(__file__).with_name("generated_walk.py")


@pytest.fixture(scope="session")
def generated(project, tmp_path_factory):
    """Generate a client; gives the Python that has what it needs, and its folder."""
    folder = tmp_path_factory.mktemp("generated")
    programs = make_environment(folder / "venv", GENERATOR)
    made = (programs / "openapi-python-client", "generate", "--meta", "none")
    made += ("--path", project.path / "REST_API_SPEC.yaml")
    said = succeed(*made, "--output-path", folder / "library_client", cwd=folder)
    assert "WARNING" not in said and "not be generated" not in said, said
    return programs / "python", folder


@pytest.mark.deep
def test_it_reads_writes_and_is_refused(services, generated):
    python, folder = generated
    service = services(KINDS[0])
    known = service.librarian.registration
    succeed(
        *(python, WALK, f"{service.url}", known["email"], known["password"]),
        cwd=folder,
        env=clean_environment(PYTHONPATH=str(folder)),
    )
