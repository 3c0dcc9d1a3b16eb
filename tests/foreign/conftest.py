"""The grounds: made once for all workers, and left as they were found by nobody."""

import pytest

from tests.baking import commit_everything, copy_working_tree
from tests.foreign.root import Root, make, settle


@pytest.fixture(scope="session")
def debian(once, shared_folder):
    """Make a root of a Debian suite, with a student and a clone of the template in it.

    Errors: CannotBeMade.
    """

    def get(suite):
        def build(folder):
            make(folder, suite)
            root = settle(Root(folder, "student"), shared_folder / "uv-cache")
            clone = root.outside(root.home / "clone")
            root.take(clone)
            commit_everything(copy_working_tree(clone))
            root.give(clone)

        folder = once(f"debian-{suite}", build)
        cache = {str(shared_folder / "uv-cache"): "/var/cache/uv"}
        return Root(folder, "student", cache)

    return get
