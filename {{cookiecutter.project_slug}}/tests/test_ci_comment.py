"""The pull request's comment says what failed, why, and how to mend it."""

import json

import pytest

from ci import comment
from ci.checks import CHECKS

pytestmark = pytest.mark.once

JUNIT = """\
<testsuites><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3">
<testcase classname="tests.test_loans" name="test_a_return" time="0.1" />
<testcase classname="tests.test_loans" name="test_left_out"><skipped
message="no"/></testcase>
<testcase classname="tests.test_isbn" name="test_digit[9-`x`]" time="0.1"><failure
message="AssertionError: assert 9 == '```'">def test_digit():
tests/test_isbn.py:12: in test_digit
    check_digit("9")
books/isbn.py:30: AssertionError</failure></testcase>
</testsuite></testsuites>
"""
ERRED = """\
<testsuites><testsuite><testcase classname="" name="tests.test_loans"><error
message="collection failure">ImportError</error></testcase></testsuite></testsuites>
"""
DIFF = "--- a/books/isbn.py\n+++ b/books/isbn.py\n-x = {  }\n+x = {}\n"


def step(name, exit_code=0, mend="", shows="output"):
    return {
        "name": name,
        "exit_code": exit_code,
        "seconds": 1.0,
        "log": f"{name}.log",
        "mend": mend,
        "shows": shows,
    }


@pytest.fixture
def results(tmp_path):
    """Write the results of a check: its steps, and the files beside them."""

    def leave(check, *steps, **files):
        folder = tmp_path / check
        folder.mkdir(exist_ok=True)
        result = {"check": check, "seconds": 4.2, "steps": list(steps)}
        (folder / "result.json").write_text(json.dumps(result))
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(content)
        return tmp_path

    for check in CHECKS:
        leave(check, step("only"))
    leave.folder = tmp_path
    return leave


def written(folder, **known):
    return comment.write(folder, comment.Run(**known))


def test_each_check_is_a_row_of_the_table(results):
    lines = written(results.folder).splitlines()
    first = lines.index("| check | result | time |")
    assert lines[first + 1] == "|---|---|---|"
    rows = lines[first + 2 : first + 2 + len(CHECKS)]
    assert [row.split(" | ")[0] for row in rows] == [f"| {name}" for name in CHECKS]


def test_all_green_is_one_table_and_nothing_to_read(results):
    text = written(results.folder)
    assert text.startswith(comment.MARKER)
    assert "## ✅ Every check passed" in text
    assert text.count("✅ passed") == len(CHECKS)
    assert "###" not in text


def test_a_failed_step_is_named_with_its_mending(results):
    results("style", step("black", 1, "`make format`", "diff"), black__log=DIFF)
    text = written(results.folder)
    assert "## ❌ 1 of 6 checks failed: style" in text
    assert "| style | ❌ failed: black | 4 s |" in text
    assert "### style: black\n\nTo mend it: `make format`" in text
    assert f"<details><summary>the difference</summary>\n\n```diff\n{DIFF}" in text


def test_a_failed_test_has_its_message_and_a_link_to_its_line(results):
    results("tests", step("pytest", 1, shows="tests"), SQLite__xml=JUNIT)
    text = written(results.folder, files="https://example.com/blob/abc")
    assert "**`tests/test_isbn.py::test_digit[9-'x']`** on SQLite" in text
    assert "https://example.com/blob/abc/tests/test_isbn.py#L12" in text
    assert "````\nAssertionError: assert 9 == '```'\n````" in text


def test_what_fails_alike_on_both_databases_is_told_once(results):
    both = {"SQLite__xml": JUNIT, "PostgreSQL__xml": JUNIT}
    results("tests", step("pytest", 1, shows="tests"), **both)
    text = written(results.folder)
    assert text.count("::test_digit") == 1
    assert "on PostgreSQL and on SQLite" in text


def test_what_fails_in_the_lab_is_told_so(results):
    results("tests", step("pytest", 1, shows="tests"), lab__xml=JUNIT)
    assert "** in the lab (" in written(results.folder)


def test_a_file_that_cannot_be_collected_is_told_too(results):
    results("tests", step("pytest", 1, shows="tests"), SQLite__xml=ERRED)
    assert "collection failure" in written(results.folder)


def test_without_a_report_the_end_of_the_output_is_shown(results):
    said = "\n".join(f"line {number}" for number in range(2000))
    results("tests", step("pytest", 1, shows="tests"), pytest__log=said)
    text = written(results.folder)
    assert "line 1999" in text
    assert "line 0\n" not in text


def test_only_the_first_failures_are_listed(results):
    case = '<testcase classname="tests.test_a" name="test_{}"><failure message="no"/>'
    cases = "".join(case.format(number) + "</testcase>" for number in range(9))
    report = f"<testsuite>{cases}</testsuite>"
    results("tests", step("pytest", 1, shows="tests"), SQLite__xml=report)
    text = written(results.folder)
    assert "::test_4`" in text and "::test_5`" not in text
    assert "... and 4 more, in the log." in text


def coverage(percent):
    return json.dumps({"totals": {"percent_covered": percent}})


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        (None, "**97.3 %** (nothing to compare with yet)"),
        (97.25, "**97.3 %** (+0.1 against the main branch)"),
        (98.0, "**97.3 %** (-0.7 against the main branch)"),
    ],
)
def test_coverage_and_its_change(results, earlier, said):
    results("tests", step("pytest"), SQLite__xml=JUNIT, coverage__json=coverage(97.34))
    text = written(results.folder, earlier_coverage=earlier)
    assert f"Tests: 1 failed and 1 passed on SQLite. Coverage: {said}." in text


def test_a_job_that_died_before_its_first_step_is_red(results):
    (results.folder / "image" / "result.json").unlink()
    needs = {name: {"result": "success"} for name in CHECKS}
    text = written(results.folder, needs=needs | {"image": {"result": "failure"}})
    assert "1 of 6 checks failed: image" in text
    assert "failed before its first step, or was stopped: see the log" in text


def test_a_cancelled_job_is_neither_green_nor_red(results):
    needs = {name: {"result": "success"} for name in CHECKS}
    text = written(results.folder, needs=needs | {"tests": {"result": "cancelled"}})
    assert "## ⚪ No check failed, and not every check ran" in text
    assert "| tests | ⚪ cancelled |" in text


def test_without_any_result_nothing_is_called_green(tmp_path):
    text = written(tmp_path)
    assert "✅" not in text
    assert text.count("⚪ not run") == len(CHECKS)


def hole(severity, versions):
    return {
        "vulnerability": {
            "severity": severity,
            "id": "X-1",
            "fix": {"versions": versions},
        },
        "artifact": {"name": "openssl", "version": "3.0"},
    }


def test_the_scan_tells_of_holes_that_can_be_mended(results):
    scan = {"matches": [hole("High", ["3.1"]), hole("Critical", [])]}
    results("image", step("build"), scan__json=json.dumps(scan))
    text = written(results.folder)
    assert "1 hole that a newer version mends" in text
    assert "High: openssl 3.0, X-1, fixed in 3.1" in text
    assert "Critical" not in text


def test_an_image_that_was_not_scanned_has_no_word_on_holes(results):
    assert "scan" not in written(results.folder)
    results("image", step("build"), scan__json=json.dumps({"matches": []}))
    assert "Image scan: no hole that a newer version mends." in written(results.folder)


@pytest.mark.parametrize(("length", "cut"), [(3000, False), (3001, True)])
def test_what_was_said_is_cut_where_it_is_too_long(results, length, cut):
    results("scripts", step("shellcheck", 1), shellcheck__log="x" * length)
    text = written(results.folder)
    assert ("... (1 characters left out)" in text) is cut
    assert "x" * 3000 in text and "x" * 3001 not in text
    assert "0 characters" not in text


def test_nothing_that_was_said_can_leave_its_block(results):
    said = "```\n</details> @everyone `````\n"
    results("scripts", step("shellcheck", 1), shellcheck__log=said)
    text = written(results.folder)
    assert f"``````\n{said.strip()}\n``````" in text


def test_github_takes_a_comment_of_the_greatest_length(results):
    for check in CHECKS:
        steps = [step(f"step {number}", 1, shows="diff") for number in range(3)]
        logs = {f"step {number}__log": "x" * 100_000 for number in range(3)}
        results(check, *steps, **logs)
    assert len(written(results.folder)) < 65_536


def test_at_home_it_names_no_commit_and_links_to_no_log(results):
    assert written(results.folder).rstrip().endswith("\n\nlongest check: 4 s")


def test_on_github_it_names_the_commit_and_links_to_the_log(results):
    text = written(results.folder, commit="abcdef0123456", log="https://example.com/1")
    said = (
        "commit `abcdef0` · longest check: 4 s · [the whole log](https://example.com/1)"
    )
    assert text.rstrip().endswith(f"\n\n{said}")
