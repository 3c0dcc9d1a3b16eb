"""A TypeScript client, typed by the OpenAPI document, compiles and can use the API."""

import json
import shutil
from pathlib import Path

import pytest

from tests.baking import clean_environment, succeed
from tests.layers import leave_out

from .databases import KINDS

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3")
WALK = Path(__file__).with_name("typed_walk.ts")
STRICT = {
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "target": "es2022",
    "module": "nodenext",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
}
# What has a default may be left out of a request.
OPTIONAL = "--default-non-nullable=false"


@pytest.fixture
def compiled(project, tmp_path):
    """Make the types, and compile the walk with them; gives the program."""
    if not shutil.which("npm"):
        leave_out("no npm: install Node.js 18 or newer")
    write(tmp_path / "package.json", {"private": True, "type": "module"})
    write(tmp_path / "tsconfig.json", {"compilerOptions": STRICT, "files": [WALK.name]})
    shutil.copy(WALK, tmp_path)
    quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
    succeed("npm", "install", *quiet, *PACKAGES, cwd=tmp_path)
    programs = tmp_path / "node_modules/.bin"
    document = project.path / "REST_API_SPEC.yaml"
    types = (OPTIONAL, document, "--output", "library.d.ts")
    succeed(programs / "openapi-typescript", *types, cwd=tmp_path)
    succeed(programs / "tsc", cwd=tmp_path)
    return tmp_path / WALK.with_suffix(".js").name


def write(path, document):
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.deep
def test_it_reads_writes_and_is_refused(services, compiled):
    service = services(KINDS[0])
    known = service.librarian.registration
    words = ("node", compiled, service.url, known["email"], known["password"])
    succeed(*words, cwd=compiled.parent, env=clean_environment())
