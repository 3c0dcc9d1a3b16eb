"""Where the player plays: on this machine, or in a foreign root."""

from tests.baking import clean_environment, run

# More than the longest job of any workflow takes where other tests run beside it.
STEP_SECONDS = 60 * 60


class ThisMachine:
    """Jobs have its programs, and packages that are installed already."""

    def inside(self, path):
        """Return the path by which a job knows a file of this machine."""
        return path

    def run(self, *command, cwd, env):
        """Run a command of a job; return it finished, its output as text."""
        kept = {name: text for name, text in clean_environment().items() if ours(name)}
        return run(*command, cwd=cwd, env=kept | env, seconds=STEP_SECONDS)

    def give(self, path):
        """The files are a job's own: it is played by who plays all."""

    take = give


def ours(name):
    """Nothing of the account of the person who runs the tests."""
    return not name.startswith("AWS_") and name not in ("GH_TOKEN", "PYTEST_ADDOPTS")
