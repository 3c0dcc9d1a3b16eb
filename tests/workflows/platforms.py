"""Where the player runs jobs: on this machine, or in the root of another system."""

from tests.baking import clean_environment, run

# More than the longest job of any workflow takes, beside other tests.
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
        """Nothing to do: the job's files have the right owner already."""

    take = give


def ours(name):
    """Whether a variable is not one of the person's AWS or GitHub account."""
    return not name.startswith("AWS_") and name not in ("GH_TOKEN", "PYTEST_ADDOPTS")
