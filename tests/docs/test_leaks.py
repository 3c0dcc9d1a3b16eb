"""No page leaves a file with a secret, or with readers' data, beside the code."""

import re
import shlex
from pathlib import Path

import pytest

from docs.tools import name_of, pages
from docs.tools.parsing import fences
from docs.tools.steps import steps
from tests.baking import ROOT

TEXTS = sorted((ROOT / "templates").rglob("*.md"))
PAGES = [*pages("en"), *pages("ko"), *TEXTS]
# Programs' options for a file that they write: curl, openssl, dumpdata, terraform.
OPTIONS = {"-o", "-D", "--output", "-out", "--dump-header"}
ENDS = {";", "&&", "||", "|", "&", ")", "\n", "<<"}
HERE_DOCUMENT = re.compile(r"<<-? *'?(\w+)'?(.*)\n(?s:.*?)\n *\1(?=\n|$)")
# What a page has you write or edit as code is meant to be kept. So is .env, which has
# the secrets at home, but no copy of it. (`--output text` of AWS's is no file.)
CODE = re.compile(
    r"\.env|(?:\.dockerignore|[\w./-]+\.(?:py|tf|tfvars|toml))(?:\.bak)?"
    r"|/dev/(?:null|stdout)|-|text"
)


def shell_commands(page):
    """Every command that a page of the site, or a text of the project, has you type."""
    text = page.read_text("utf-8")
    if page in TEXTS:
        found = [each for each in fences(page.name, text) if each.language == "shell"]
        return ["\n".join(fence.lines) for fence in found]
    return [each.text for step in steps(name_of(page), text) for each in step.commands]


def words(command):
    """The words of a command, without the text of its here-documents."""
    command = HERE_DOCUMENT.sub(r"<< \2", command).replace("\\\n", " ").rstrip("\\")
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";|&()<>\n")
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    return list(lexer)


def written(command):
    """The files that a command writes, in the command's words."""
    said = words(command)
    for index, (word, following) in enumerate(zip(said, [*said[1:], ""], strict=True)):
        name, _, value = word.partition("=")
        if word in {">", ">>", "tee"} or word in OPTIONS:
            yield following
        elif name in OPTIONS and value:
            yield value
        elif word == "cp" or word.startswith("-i."):
            rest = said[index:]
            end = next((n for n, each in enumerate(rest) if each in ENDS), len(rest))
            yield rest[end - 1] + word.removeprefix("cp").removeprefix("-i")


def left_behind(commands):
    """What is written neither as code nor into build/ or mktemp's folder, and stays."""
    removed = {
        word for each in commands if "rm" in (said := words(each)) for word in said
    }
    temporary = re.findall(r"^(\w+)=\$\(mktemp", "\n".join(commands), re.MULTILINE)
    outside = ("build/", "/tmp/", *(f"${name}/" for name in temporary))
    for command in commands:
        for file in written(command):
            if not (
                CODE.fullmatch(file) or file in removed or file.startswith(outside)
            ):
                yield file


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_leaves_behind_what_is_not_to_be_kept(page):
    assert list(left_behind(shell_commands(page))) == []


@pytest.mark.parametrize(
    ("commands", "left"),
    [
        (["sed -i.bak 's/a/b/' .env"], [".env.bak"]),
        (["sed -i.bak 's/a/b/' .env && rm .env.bak"], []),
        (["manage.py dumpdata users --output library.json"], ["library.json"]),
        (["ssh host 'pg_dump > x' > library.dump"], ["library.dump"]),
        (['curl -s host \\\n  -d \'{"a": "b"}\' > tokens.json'], ["tokens.json"]),
        (["curl -s host > build/tokens.json"], []),
        (["curl -so page host -o page.html"], ["page.html"]),
        (["cp .env mine.env; ls"], ["mine.env"]),
        (["terraform plan -out=plan.bin"], ["plan.bin"]),
        (["ask | tee answer.txt"], ["answer.txt"]),
        (["cat > x.py <<'END'\na > b\nEND"], []),
        (["copies=$(mktemp -d)", 'ssh host > "$copies/secrets.env"'], []),
        (['ssh host > "$copies/secrets.env"'], ["$copies/secrets.env"]),
    ],
)
def test_what_would_be_left_behind_is_seen(commands, left):
    assert list(left_behind(commands)) == left


def test_the_pages_write_files_and_the_project_ignores_where(rendered):
    files = {
        file
        for page in PAGES
        for each in shell_commands(page)
        for file in written(each)
    }
    assert {"build/tokens.json", "build/library.json", ".env.bak"} <= files
    ignored = Path(rendered.path / ".gitignore").read_text("utf-8").splitlines()
    assert {"/build/", ".env.*", "*.bak", "*.dump", "secrets.env"} <= set(ignored)
