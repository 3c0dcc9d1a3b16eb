"""The report becomes one comment on the pull request; none without permission."""

import io
import json
import urllib.parse
import zipfile

import pytest

from ci import comment, report
from ci.github import GitHub
from tests.answering import Answering, serving

pytestmark = pytest.mark.once

OURS = {"user": {"login": "github-actions[bot]"}, "body": comment.MARKER + " old"}
THEIRS = {"user": {"login": "mallory"}, "body": comment.MARKER + " forged"}


class Api(Answering):
    """The few addresses of GitHub's API that the report uses."""

    def do_GET(self):
        state = self.server.state
        assert self.headers["Accept"] == "application/vnd.github+json"
        if self.path.startswith("/storage"):
            # The address that GitHub redirects to refuses other credentials.
            status = 400 if self.headers.get("Authorization") else 200
            return super().answer(status, state["archive"])
        if self.path.startswith("/archive"):
            self.send_response(302)
            self.send_header("Location", f"{self.server.url}/storage")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if "/artifacts" in self.path:
            asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            begin = (int(asked["page"][0]) - 1) * 100
            page = state["artifacts"][begin : begin + int(asked["per_page"][0])]
            return self.answer(200, {"artifacts": page})
        return self.answer(200, state["comments"])

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        content = json.loads(self.rfile.read(length))
        self.server.state["written"].append((self.command, self.path, content["body"]))
        self.answer(self.server.state["status"], {"id": 1})

    do_PATCH = do_POST

    def answer(self, status, content):
        super().answer(status, json.dumps(content).encode())


@pytest.fixture
def state():
    return {
        "comments": [],
        "artifacts": [],
        "archive": b"",
        "written": [],
        "status": 201,
    }


@pytest.fixture
def environment(state, tmp_path, monkeypatch):
    """The variables and the event of a job for pull request 7."""
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    event = tmp_path / "event.json"
    pull_request = {"number": 7, "head": {"sha": "c" * 40}, "base": {"ref": "main"}}
    event.write_text(json.dumps({"pull_request": pull_request}))
    with serving(Api) as server:
        server.state = state
        yield {
            "GITHUB_API_URL": server.url,
            "GITHUB_TOKEN": "token",
            "GITHUB_REPOSITORY": "reader/library",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "GITHUB_RUN_ID": "12",
        }


def test_the_first_report_is_a_new_comment(environment, state):
    state["comments"] = [THEIRS]
    report.report(environment)
    ((method, path, body),) = state["written"]
    assert (method, path) == ("POST", "/repos/reader/library/issues/7/comments")
    assert body.startswith(comment.MARKER)
    assert "https://github.com/reader/library/actions/runs/12" in body


def test_the_next_one_updates_it(environment, state):
    url = environment["GITHUB_API_URL"]
    state["comments"] = [THEIRS, OURS | {"url": f"{url}/comments/5"}]
    report.report(environment)
    assert [written[:2] for written in state["written"]] == [("PATCH", "/comments/5")]


def test_a_fork_has_the_report_in_the_summary(environment, state, tmp_path, capsys):
    state["status"] = 403
    report.report(environment)
    assert comment.MARKER in (tmp_path / "summary").read_text()
    assert "::notice::This run may not write comments" in capsys.readouterr().out


def test_githubs_bad_minute_blocks_no_merge(environment, state, tmp_path, capsys):
    state["status"] = 502
    report.report(environment)
    assert comment.MARKER in (tmp_path / "summary").read_text()
    said = capsys.readouterr().out
    assert "::warning::The comment could not be written: HTTP Error 502" in said


def artifact(url, branch="main", repository=1, expired=False):
    return {
        "expired": expired,
        "archive_download_url": f"{url}/archive",
        "workflow_run": {
            "head_branch": branch,
            "head_repository_id": repository,
            "repository_id": 1,
        },
    }


def zipped(percent):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        totals = {"totals": {"percent_covered": percent}}
        archive.writestr("tests/coverage.json", json.dumps(totals))
    return content.getvalue()


def test_coverage_is_compared_with_the_main_branch(environment, state):
    url = environment["GITHUB_API_URL"]
    state["archive"] = zipped(96.5)
    state["artifacts"] = [
        artifact(url, branch="feature"),
        artifact(url, repository=2),
        artifact(url, expired=True),
        # A week of other pull requests has passed.
        *[artifact(url, branch="feature")] * 200,
        artifact(url),
    ]
    assert GitHub(environment).branch_coverage("main") == 96.5


@pytest.mark.parametrize(("before", "found"), [(999, 96.5), (1000, None)])
def test_it_looks_for_the_main_branch_on_ten_pages(environment, state, before, found):
    url = environment["GITHUB_API_URL"]
    state["archive"] = zipped(96.5)
    others = [artifact(url, branch="feature")] * before
    state["artifacts"] = [*others, artifact(url)]
    assert GitHub(environment).branch_coverage("main") == found


@pytest.mark.parametrize("strange", [{"branch": "x"}, {"repository": 2}])
def test_no_other_run_counts_as_the_main_branch(environment, state, strange):
    state["artifacts"] = [artifact(environment["GITHUB_API_URL"], **strange)]
    assert GitHub(environment).branch_coverage("main") is None


def test_a_broken_artifact_costs_only_the_comparison(environment, state, capsys):
    state["artifacts"] = [artifact(environment["GITHUB_API_URL"])]
    state["archive"] = b"no archive"
    report.report(environment)
    assert len(state["written"]) == 1
    assert "coverage could not be read" in capsys.readouterr().out


def test_every_job_must_succeed_to_be_ready():
    results = {"style": "success", "tests": "cancelled", "image": "skipped"}
    needs = {name: {"result": result} for name, result in results.items()}
    assert report.ready({"NEEDS": json.dumps(needs)}) == ["tests", "image"]
