"""The player decides as GitHub does, and refuses what it does not know."""

import pytest

from tests.baking import commit_everything
from tests.workflows.expressions import Unknown, condition, evaluate, fill, functions
from tests.workflows.player import Machine, play

TABLE = {
    "github": {"event_name": "push", "sha": "abc"},
    "vars": {"EMPTY": "", "WAY": "ssh"},
    "job": {"services": {"db": {"ports": {"5432": "40000"}}}},
}
HEAD = "name: example\non: push\njobs:\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("github.sha", "abc"),
        ("vars.EMPTY || github.sha", "abc"),
        ("vars.WAY == 'ssh' && 'yes' || 'no'", "yes"),
        ("github.event_name != 'push' || !vars.EMPTY", True),
        ("job.services.db.ports['5432']", "40000"),
        ("'it''s'", "it's"),
        ("(1 == 1)", True),
    ],
)
def test_an_expression(text, value):
    assert evaluate(text, TABLE) == value


@pytest.mark.parametrize(
    "text", ["vars.NEVER", "secrets.KEY", "github.sha +", "contains('a', 'b')", "a b"]
)
def test_what_is_not_in_the_table_is_refused(text):
    with pytest.raises(Unknown):
        evaluate(text, TABLE)


def test_holes_are_filled_and_booleans_are_words():
    table = TABLE | {"inputs": {"none": None}}
    assert fill("a ${{ github.sha }}, ${{ 1 == 1 }}${{ inputs.none }}", table) == (
        "a abc, true"
    )


@pytest.mark.parametrize(
    ("text", "status", "wanted"),
    [
        ("vars.WAY == 'ssh'", "success", True),
        ("vars.WAY == 'ssh'", "failure", False),
        ("always()", "failure", True),
        ("${{ !failure() && !cancelled() }}", "failure", False),
        ("failure()", "failure", True),
    ],
)
def test_a_condition_asks_for_success_unless_it_says_otherwise(text, status, wanted):
    assert condition(text, TABLE | functions(lambda: status)) is wanted


@pytest.fixture
def played(tmp_path):
    """Play a workflow of these jobs."""

    def run(jobs, **more):
        repository = tmp_path / "repository"
        workflow = repository / ".github/workflows/example.yml"
        workflow.parent.mkdir(parents=True)
        workflow.write_text(HEAD + jobs)
        commit_everything(repository)
        machine = Machine(repository, tmp_path / "play", TABLE, **more)
        return play(machine, "example.yml")

    return run


def results(jobs):
    return {name: job.result for name, job in jobs.items()}


def test_a_job_waits_for_what_it_needs_and_is_skipped_without_it(played):
    jobs = played("""\
  last: {needs: [first], runs-on: x, steps: [{run: "true"}]}
  first: {runs-on: x, steps: [{run: "false"}, {run: echo never}]}
  always: {needs: last, if: always(), runs-on: x, steps: [{run: echo here}]}
""")
    assert results(jobs) == {"first": "failure", "last": "skipped", "always": "success"}
    assert list(jobs) == ["first", "last", "always"]
    assert "never\n" not in jobs["first"].log.replace("# echo never", "")


def test_a_failure_that_is_allowed_stops_nothing(played):
    jobs = played("""\
  first:
    runs-on: x
    steps: [{run: "false", continue-on-error: true}, {run: echo went on}]
""")
    assert jobs["first"].result == "success"
    assert jobs["first"].log.endswith("went on\n")


def test_a_jobs_outputs_reach_the_next(played):
    jobs = played("""\
  first:
    runs-on: x
    outputs: {word: "${{ steps.say.outputs.word }}"}
    steps: [{id: say, run: echo word=hello >> "$GITHUB_OUTPUT"}]
  second:
    needs: first
    runs-on: x
    env: {WORD: "${{ needs.first.outputs.word }}"}
    steps: [{run: echo "$WORD there"}]
""")
    assert "hello there" in jobs["second"].log


def test_the_outputs_of_a_job_that_was_skipped_are_empty(played):
    jobs = played("""\
  first: {runs-on: x, steps: [{run: "false"}]}
  second:
    needs: first
    runs-on: x
    outputs: {word: "${{ steps.say.outputs.word }}"}
    steps: [{id: say, run: echo word=hello >> "$GITHUB_OUTPUT"}]
  third:
    needs: second
    if: ${{ always() && needs.second.outputs.word == '' }}
    runs-on: x
    steps: [{run: echo "it ran"}]
""")
    assert results(jobs) == {
        "first": "failure",
        "second": "skipped",
        "third": "success",
    }


@pytest.mark.parametrize(
    "jobs",
    [
        "  a: {runs-on: x, container: y, steps: []}",
        "  a: {runs-on: x, steps: [{run: 'true', shell: zsh}]}",
        "  a: {runs-on: x, steps: [{uses: actions/checkout@v7}]}",
        f"  a: {{runs-on: x, steps: [{{uses: strange/action@{'a' * 40}}}]}}",
        "  a: {runs-on: x, steps: [{run: 'echo ${{ github.sha }}'}]}",
        "  a: {needs: b, runs-on: x, steps: []}\n"
        "  b: {needs: a, runs-on: x, steps: []}",
    ],
)
def test_what_the_player_does_not_know_is_refused(played, jobs):
    with pytest.raises(AssertionError):
        played(jobs)


class Marker:
    """Can be held, and is a file meanwhile."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.path.touch()

    def __exit__(self, *error):
        self.path.unlink()


def test_the_image_s_name_in_the_engine_is_one_play_s_at_a_time(played, tmp_path):
    marker = Marker(tmp_path / "marker")
    look = f"test -e {marker.path} && echo held || echo free"
    push = f"{look}; true python3 -m ci.release push"
    jobs = played(
        f"  image: {{runs-on: x, steps: [{{run: '{look}'}}]}}\n"
        f"  deploy: {{runs-on: x, steps: [{{run: '{look}'}}, {{run: '{push}'}}]}}\n",
        engine=marker,
    )
    said = {name: job.log.splitlines() for name, job in jobs.items()}
    assert "held" in said["image"] and "free" not in said["image"]
    assert [line for line in said["deploy"] if line in ("free", "held")] == [
        "free",
        "held",
    ]
