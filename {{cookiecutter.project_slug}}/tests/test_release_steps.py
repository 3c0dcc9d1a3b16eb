"""`python -m ci.release STEP`: which step asks for what, and what GitHub is told."""

import json
import os
import runpy
import sys
from functools import partial
from unittest.mock import create_autospec

import pytest

from ci.release import __main__ as program
from ci.release import ecs, health, images, server, settings
from ci.release.command import LAST_LINES, ReleaseError, say

pytestmark = pytest.mark.once

TAG, OTHER = "a" * 40, "b" * 40
REPOSITORY = {"ECR_REPOSITORY": "library", "API_URL": "https://api.example"}
SERVER = REPOSITORY | {"EC2_INSTANCE_ID": "i-1", "DEPLOY_DOCUMENT": "library-deploy"}
ECS = REPOSITORY | {"ECS_CLUSTER": "prod", "ECS_SERVICE": "api"}
CALLED = [
    *((ecs, name) for name in ("deploy", "go_back", "last_good", "approve")),
    *((images, name) for name in ("push", "digest", "promote")),
    *((server, "deploy"), (health, "check"), (health, "serving")),
]
RESULTS = {"ecs.last_good": (OTHER, "arn:5"), "images.digest": "sha256:new"}
NO_AWS = (
    "AWS is not configured for this repository, so there is nothing to deploy to, and "
    "that is fine. To change it: terraform/README.md."
)


@pytest.fixture
def calls(monkeypatch):
    """What the steps do is only noted here: [name, argument, ...] of each call."""

    def call(name, *arguments):
        calls.append([name, *arguments])
        return RESULTS.get(name)

    calls = []
    for module, function in CALLED:
        name = f"{module.__name__.rpartition('.')[2]}.{function}"
        original = getattr(module, function)
        noted = create_autospec(original, side_effect=partial(call, name))
        monkeypatch.setattr(module, function, noted)
    return calls


@pytest.fixture
def run(tmp_path, monkeypatch, calls):
    """Return a function that runs a step; what it wrote for GitHub is returned."""
    LAST_LINES.clear()
    for name in (*SERVER, *ECS, "REVISION"):
        monkeypatch.delenv(name, raising=False)
    files = {"GITHUB_OUTPUT": tmp_path / "1", "GITHUB_STEP_SUMMARY": tmp_path / "2"}
    for name, file in files.items():
        file.write_text("before\n")
        monkeypatch.setenv(name, str(file))

    def written():
        texts = [file.read_text("utf-8") for file in files.values()]
        return tuple(text.removeprefix("before\n") for text in texts)

    def run(step, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["ci.release", step])
        program.main()
        return written()

    run.written = written
    return run


DIGEST, PROMOTED = ["images.digest", "library", TAG], ["images.promote", "library", TAG]
BY_DIGEST = [DIGEST, ["ecs.deploy", "prod", "api", "sha256:new", TAG]]


@pytest.mark.parametrize(
    ("step", "variables", "expected"),
    [
        ("push", SERVER, [["images.push", "library", TAG]]),
        ("run", SERVER, [["server.deploy", "i-1", "library-deploy", TAG]]),
        # The server's variables stay set when a project has outgrown it.
        ("run", SERVER | ECS, BY_DIGEST),
        ("run", ECS | {"REVISION": ""}, BY_DIGEST),
        ("run", ECS | {"REVISION": "arn:5"}, [["ecs.go_back", "prod", "api", "arn:5"]]),
        ("check", ECS, [["health.check", "https://api.example", TAG]]),
        ("promote", SERVER, [PROMOTED]),
        ("promote", ECS, [PROMOTED, ["ecs.approve", "prod", "api"]]),
    ],
)
def test_each_step_does_its_part(run, calls, step, variables, expected):
    output, summary = run(step, TAG=TAG, **variables)
    assert calls == expected
    served = f"✅ `{TAG}` serves at https://api.example, and is `stable`.\n"
    assert (output, summary) == ("", served if step == "promote" else "")


@pytest.mark.parametrize("variables", [SERVER, ECS])
def test_a_commit_is_chosen_as_it_is(run, calls, variables):
    assert run("choose", TAG=TAG, **variables) == (f"tag={TAG}\nrevision=\n", "")
    assert calls == []


def test_the_release_before_is_looked_up(run, calls, capsys):
    output, _ = run("choose", TAG="previous", **ECS)
    assert output == f"tag={OTHER}\nrevision=arn:5\n"
    assert calls == [["ecs.last_good", "prod", "api"]]
    assert capsys.readouterr().out == f"going back to {OTHER}\n"


@pytest.mark.parametrize("step", ["settings", "choose", "run"])
@pytest.mark.parametrize("variables", [SERVER, ECS])
def test_what_is_no_release_goes_no_further(run, calls, step, variables):
    with pytest.raises(SystemExit, match=f"^{step}: 'main' is no release: 7 to 40 of"):
        run(step, TAG="main", VARIABLES=json.dumps(variables), **variables)
    assert calls == [["health.serving", "https://api.example"]]
    assert run.written()[0] == ""


@pytest.mark.parametrize(
    ("variables", "output", "summary"),
    [
        ({}, "false", f"⚪ {NO_AWS}\n"),
        (dict.fromkeys(settings.needed({}), "set"), "true", ""),
    ],
)
def test_the_settings_say_whether_to_deploy(run, capsys, variables, output, summary):
    written = run("settings", TAG=TAG, VARIABLES=json.dumps(variables))
    assert written == (f"configured={output}\n", summary)
    assert capsys.readouterr().out == (f"{NO_AWS}\n" if summary else "")


def test_without_githubs_files_nothing_is_written(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("choose", TAG=TAG, GITHUB_OUTPUT="")
    monkeypatch.delenv("GITHUB_OUTPUT")
    run("choose", TAG=TAG)
    assert run.written() == ("", "")
    assert sorted(os.listdir()) == ["1", "2"]


class TestFailure:
    """A step that failed."""

    def fail(self, run, monkeypatch, *lines, **variables):
        """Let a step print these lines and fail; return the job's summary."""

        def promote(repository, tag):
            for line in lines:
                say(line)
            raise ReleaseError("no room")

        monkeypatch.setattr(images, "promote", promote)
        with pytest.raises(SystemExit) as ended:
            run("promote", TAG=TAG, ECR_REPOSITORY="library", **variables)
        assert ended.value.code == "promote: no room"
        return run.written()

    @pytest.mark.parametrize(
        ("release", "said"),
        [(OTHER, f"Release `{OTHER}` serves."), (None, "Nothing answers.")],
    )
    def test_it_says_why_and_what_serves(self, run, calls, monkeypatch, release, said):
        monkeypatch.setitem(RESULTS, "health.serving", release)
        where = {"API_URL": "https://api.example"}
        output, summary = self.fail(run, monkeypatch, "one", "```two", **where)
        assert (output, calls) == ("", [["health.serving", "https://api.example"]])
        assert summary == (
            "## ❌ The deployment failed at: promote\n\nno room\n\n"
            f"{said}\n\nThe last lines:\n\n```text\none\n'''two\n```\n"
        )

    def test_only_the_last_lines_are_in_the_summary(self, run, monkeypatch):
        _, summary = self.fail(run, monkeypatch, *map(str, range(30)))
        shown = "```text\n" + "".join(f"{each}\n" for each in range(10, 30)) + "```\n"
        assert summary.endswith(f"no room\n\nThe last lines:\n\n{shown}")

    def test_without_lines_and_address_there_is_the_cause(self, run, monkeypatch):
        said = "## ❌ The deployment failed at: promote\n\nno room\n"
        assert self.fail(run, monkeypatch) == ("", said)


@pytest.mark.parametrize("given", [[], ["nonsense"], ["run", "more"]])
def test_the_steps_are_named_to_who_gives_another(monkeypatch, calls, given):
    monkeypatch.setattr(sys, "argv", ["ci.release", *given])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(program.__file__, run_name="__main__")
    said = "which is one of settings, choose, push, run, check, promote"
    assert ended.value.code == f"usage: python -m ci.release STEP, {said}"
    assert calls == []


def variables(*names):
    return dict.fromkeys(names, "set")


class TestSettings:
    """The repository's variables."""

    @pytest.mark.parametrize(
        ("there", "where"),
        [
            ([], ["EC2_INSTANCE_ID", "DEPLOY_DOCUMENT"]),
            (["ECS_CLUSTER"], ["ECS_CLUSTER", "ECS_SERVICE"]),
            (["ECS_SERVICE", "EC2_INSTANCE_ID"], ["ECS_CLUSTER", "ECS_SERVICE"]),
        ],
    )
    def test_where_it_runs_decides_what_is_needed(self, there, where):
        first = ["AWS_REGION", "AWS_DEPLOY_ROLE", "ECR_REPOSITORY"]
        expected = [*first, *where, "API_URL"]
        assert list(settings.needed(variables(*there))) == expected
        assert settings.is_on_ecs(variables(*there)) is ("ECS_SERVICE" in where)

    @pytest.mark.parametrize(
        ("on_ecs", "lacking", "root", "hint"),
        [
            (False, ["AWS_REGION", "API_URL"], "terraform", ""),
            (True, ["ECR_REPOSITORY"], "terraform/scale-out", ""),
            (
                False,
                ["AWS_DEPLOY_ROLE"],
                "terraform",
                ". AWS_DEPLOY_ROLE: it stays empty until github_subject_prefix is set "
                "in prod.tfvars and applied",
            ),
        ],
    )
    def test_what_is_missing_is_said_in_one_line(self, on_ecs, lacking, root, hint):
        known = variables(*settings.needed(ECS if on_ecs else {}))
        given = known | dict.fromkeys(lacking, "")
        with pytest.raises(ReleaseError) as refusal:
            settings.is_configured(given)
        assert str(refusal.value) == (
            f"repository variables are not set: {', '.join(lacking)}. Set them with: "
            f"terraform -chdir={root} output -raw github_variables | "
            f"gh variable set --env-file -{hint}"
        )

    @pytest.mark.parametrize("tag", ["0123456", "789abcdef", TAG])
    def test_a_commits_hash_is_a_release(self, tag):
        assert settings.checked(tag, SERVER) == tag

    @pytest.mark.parametrize("tag", ["previous", "abcdef", "a" * 41, f"{TAG}\n"])
    def test_what_is_none_is_said_with_what_would_be(self, tag):
        with pytest.raises(ReleaseError) as refusal:
            settings.checked(tag, SERVER)
        assert str(refusal.value) == (
            f"'{tag}' is no release: 7 to 40 of 0-9 and a-f, a commit's hash (and "
            "'previous' where ECS runs it)"
        )

    def test_the_release_before_is_one_on_ecs(self):
        assert settings.checked("previous", ECS) == "previous"
