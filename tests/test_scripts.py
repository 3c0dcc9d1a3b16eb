"""Shell scripts and workflows of both houses are sound."""

import re

import pytest

from tests.baking import ROOT, run, succeed

SHELL = re.compile(rb"#!.*\b(ba|da)?sh\b")


def shell_scripts(template):
    files = (path for path in template.rglob("*") if path.is_file())
    return [
        path for path in files if path.suffix == ".sh" or SHELL.match(path.read_bytes())
    ]


def test_shell_scripts_pass_shellcheck(template, tool):
    scripts = shell_scripts(template)
    assert template / ".ci/run" in scripts
    succeed(tool("shellcheck"), *scripts, cwd=template)


def test_workflows_of_both_houses_are_valid(template, tool):
    workflows = list(template.rglob(".github/workflows/*.yml"))
    assert workflows
    succeed(
        *(tool("actionlint"), "-shellcheck", tool("shellcheck")),
        *workflows,
        cwd=template,
    )
    succeed(tool("zizmor"), "--offline", "--quiet", *workflows, cwd=template)


def test_help_explains_every_command():
    said = succeed("make", "help", cwd=ROOT)
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.M)[1]
    assert re.findall(r"^make (\w+) ", said, re.M) == phony.split()


@pytest.mark.parametrize(
    ("python", "line"),
    [
        ("/no/such/python", "Python 3.11 or newer is needed, and '/no/such/python'"),
        ("false", "Python 3.11 or newer is needed, and 'false'"),
    ],
)
def test_an_unfit_python_is_one_clear_line(tmp_path, python, line):
    done = run(
        *("make", "-f", ROOT / "Makefile", ".venv/.dev", f"PYTHON={python}"),
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert line in done.stdout
    assert len(done.stdout.splitlines()) == 2, "make adds its own line"
