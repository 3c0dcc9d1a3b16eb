"""The systems, each made once for all workers."""

import dataclasses
from pathlib import Path

import pytest

from tests.baking import commit_everything, copy_working_tree, succeed
from tests.foreign.root import Root, as_root, copy, make, settle


@pytest.fixture(scope="session")
def make_root(once):
    """Make a root of a Debian suite in a folder: a suite is fetched once for all.

    Errors: CannotBeMade.
    """

    def get(suite, folder):
        copy(once(f"base-{suite}", lambda base: make(base, suite)), folder)

    return get


@pytest.fixture(scope="session")
def debian(make_root, once, shared_folder):
    """Make a root of a Debian suite, with a student and a clone of the template in it.

    Errors: CannotBeMade.
    """

    def get(suite):
        def build(folder):
            make_root(suite, folder)
            root = settle(Root(folder, "student"), shared_folder / "uv-cache")
            clone = root.outside(root.home / "clone")
            root.take(clone)
            commit_everything(copy_working_tree(clone))
            root.give(clone)

        folder = once(f"debian-{suite}", build)
        cache = {str(shared_folder / "uv-cache"): "/var/cache/uv"}
        return Root(folder, "student", cache)

    return get


@pytest.fixture(scope="session")
def with_python(debian):
    """Take a Python of this machine, by its folder, into a trixie root."""

    def get(prefix):
        trixie = debian("trixie")
        # It knows its own place, which may be in a home that is its owner's alone.
        for parent in map(trixie.outside, Path(prefix).parents):
            succeed(*as_root(), "mkdir", "--parents", parent, cwd="/")
            succeed(*as_root(), "chmod", "o+x", parent, cwd="/")
        imports = trixie.imports | {str(prefix): str(prefix)}
        return dataclasses.replace(trixie, imports=imports, first=f"{prefix}/bin")

    return get


def prefix_of(version):
    """Return where this machine has such a Python; None if it has none.

    setup-python and pyenv keep theirs in folders of their own.
    """
    places = [
        *Path("/opt/hostedtoolcache/Python").glob(f"{version}.*/x64"),
        *Path.home().glob(f".pyenv/versions/{version}.*"),
    ]
    found = [place for place in places if (place / "bin/python3").exists()]
    return max(found, default=None)
