"""Good and bad answers: what they render, and the lines that refuse them."""

import ast
import json
import os
import re
import shutil
from functools import partial

import hcl2
import pytest
from cookiecutter.exceptions import FailedHookException
from markdown_it import MarkdownIt

from tests.baking import FOLDER, ROOT
from tests.files import in_template, rendered_by_jinja
from tests.test_rendering import parse

HANGUL = re.compile(r"[\uac00-\ud7a3]")
LATIN_WORDS = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")

BAD_IPS = {
    "203.0.114.7/32": "a range",
    "http://1.1.1.1": "a range or a URL",
    "home.example.com": "it is a name",
    "2001:db8::1": "it is IPv6",
    "1.1.1.1:22": "has a port",
    "1.1.1": "not four numbers",
    "1.1.1.256": "not four numbers",
    "01.1.1.1": "not four numbers",
    "1.1.1.1 2.2.2.2": "not four numbers",
    " 1.1.1.1": "not four numbers",
    "１.1.1.1": "it is a name",
    "0.0.0.0": "every address there is",
    "0.1.2.3": "'this network'",
    "10.0.0.1": "private",
    "100.64.0.1": "shared",
    "127.0.0.1": "loopback",
    "127.9.9.9": "loopback",
    "169.254.1.1": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.0.1": "private",
    "192.0.0.1": "reserved for protocols",
    "192.0.2.1": "reserved for documentation",
    "198.51.100.1": "reserved for documentation",
    "203.0.113.1": "reserved for documentation",
    "192.88.99.1": "reserved for IPv6 relays",
    "198.18.0.1": "reserved for benchmarks",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved for the future",
    "255.255.255.255": "broadcast",
}
GOOD_IPS = ["", "1.1.1.1", "100.63.255.255", "172.32.0.1", "198.20.0.1", "223.9.9.9"]

BAD_SLUGS = [
    "con",
    "com1",
    "ab",
    "a" * 41,
    "Library",
    "1library",
    "-library",
    "library-",
    "library--api",
    "library_api",
    "library api",
    "도서관",
    "libráry",
    "../library",
    "library.api",
]
GOOD_SLUGS = ["abc", "a" * 40, "a1b", "library-api-2", "console", "a-b-c-d"]

BAD_REPOSITORIES = [
    "library-api",
    "owner/",
    "/name",
    "owner/name/more",
    "https://github.com/owner/name",
    "-owner/name",
    "owner-/name",
    "own--er/name",
    "o" * 40 + "/name",
    "owner/" + "n" * 101,
    "owner/na me",
    "owner/..",
    "주인/name",
]
GOOD_REPOSITORIES = ["a/b", "octo-cat/Hello.World_1", "someone_corp/.github"]

BAD_REGIONS = [
    "seoul",
    "ap-northeast",
    "ap-northeast-2a",
    "AP-NORTHEAST-2",
    "us_east_1",
]
GOOD_REGIONS = ["us-east-1", "us-gov-west-1", "us-isob-east-1", "ap-southeast-7"]

BAD_KEY_PAIRS = [" library", "library ", "열쇠", "k" * 256]
GOOD_KEY_PAIRS = ["k", "k" * 255, "my \"key\" \\ ${x} %{y} 'z' & <co>", "a b"]

BAD = (
    [("your_ip", bad) for bad in BAD_IPS]
    + [("project_slug", bad) for bad in BAD_SLUGS]
    + [("github_repository", bad) for bad in BAD_REPOSITORIES]
    + [("aws_region", bad) for bad in BAD_REGIONS]
    + [("key_pair_name", bad) for bad in BAD_KEY_PAIRS]
)
GOOD = (
    [("your_ip", good) for good in GOOD_IPS]
    + [("project_slug", good) for good in GOOD_SLUGS]
    + [("github_repository", good) for good in GOOD_REPOSITORIES]
    + [("aws_region", good) for good in GOOD_REGIONS]
    + [("key_pair_name", good) for good in GOOD_KEY_PAIRS]
)
ONE_OF_EACH = dict(BAD) | {"project_name": " ", "author_name": " "}


@pytest.fixture(scope="session")
def edge(once, template):
    """The template without the files that it copies unchanged."""

    def copy(folder):
        verbatim = in_template(template) - rendered_by_jinja(in_template(template))
        shutil.copytree(template, folder)
        for name in verbatim:
            (folder / FOLDER / name).unlink()

    return once("edge", copy)


@pytest.fixture(autouse=True)
def utf8(monkeypatch):
    """The hooks write to a pipe here, for which Windows has an older encoding."""
    monkeypatch.setenv("PYTHONUTF8", "1")


@pytest.fixture
def bake(bake, edge):
    return partial(bake, template=edge)


@pytest.fixture
def refuse(cookies, edge, tmp_path, capfd):
    """Render with answers that must be refused; gives the lines that refuse them."""

    def bake(**answers):
        # Otherwise a bad slug would be part of a second answer's default.
        answers = {"github_repository": "octocat/library"} | answers
        result = cookies.bake(answers, template=str(edge))
        assert isinstance(result.exception, FailedHookException), result
        written = [
            path for folder in tmp_path.glob("cookies/*") for path in folder.iterdir()
        ]
        assert written == [], "a refused project was written"
        refusal, _, _ = capfd.readouterr().err.partition("\n\n")
        return refusal.splitlines()

    return bake


@pytest.mark.parametrize(("prompt", "answer"), BAD)
def test_a_bad_answer_is_refused_in_one_line(refuse, prompt, answer):
    if os.name == "nt" and answer in ("con", "com1"):
        pytest.skip("there cookiecutter can't make such a folder, and stops before us")
    (line,) = refuse(**{prompt: answer})
    assert line.startswith(f"{prompt}: {answer!r} refused: ")
    assert "it must " in line
    assert "; for example: " in line
    if prompt == "your_ip":
        assert BAD_IPS[answer] in line


@pytest.mark.parametrize(("prompt", "answer"), GOOD)
def test_a_good_answer_is_accepted(bake, prompt, answer):
    assert bake(**{prompt: in_jinja(answer)}).has_file("LICENSE")


@pytest.mark.parametrize("name", ["project_name", "author_name"])
@pytest.mark.parametrize("empty", ["", " ", "\u3000"])
def test_a_name_that_is_not_there_is_refused(refuse, name, empty):
    (line,) = refuse(**{name: empty})
    assert "it must not be empty" in line


@pytest.mark.parametrize(
    ("unprintable", "kind"),
    [
        ("two\nlines", "a control character"),
        ("a\ttab", "a control character"),
        ("a bell\x07", "a control character"),
        ("delete\x7f", "a control character"),
        ("two\u2028lines", "a line break"),
        ("two\u2029paragraphs", "a line break"),
        ("half \udcff", "half a character"),
    ],
)
def test_what_no_file_can_show_is_refused_in_one_line(refuse, unprintable, kind):
    (line,) = refuse(author_name=unprintable)
    assert f"{unprintable!r} refused: it holds {kind}" in line


def test_all_bad_answers_are_named_at_once(refuse):
    lines = refuse(**ONE_OF_EACH)
    assert sorted(line.split(":")[0] for line in lines) == sorted(ONE_OF_EACH)


@pytest.mark.parametrize(("prompt", "answer"), ONE_OF_EACH.items())
def test_whoever_chose_korean_is_refused_in_korean(refuse, prompt, answer):
    (line,) = refuse(language="ko", **{prompt: answer})
    start, reason = f"{prompt}: {answer!r} 거절됨: ", line.partition("거절됨: ")[2]
    assert line.startswith(start)
    assert HANGUL.search(reason) and ". 예: " in reason
    assert not LATIN_WORDS.search(reason.partition(" 예: ")[0])


def texts_of_the_hook():
    """The two arguments of each Text in the hook, as its source spells them."""
    source = (ROOT / "hooks/pre_gen_project.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text":
            yield [ast.unparse(argument) for argument in node.args]


def test_every_text_of_the_refusals_is_in_both_languages():
    texts = list(texts_of_the_hook())
    assert len(texts) > 20
    for english, korean in texts:
        assert HANGUL.search(korean) and not HANGUL.search(english), english
        assert ".en}" not in korean and ".ko}" not in english, english


def test_what_comes_next_is_told_in_the_language_of_the_answer(bake, capfd):
    told = {}
    for language in ("en", "ko"):
        bake(language=language)
        told[language] = capfd.readouterr().out
    assert not HANGUL.search(told["en"])
    assert len(HANGUL.findall(told["ko"])) > 20
    commands = re.compile(r"^    ((?:cd|make) \S+)", re.MULTILINE)
    assert commands.findall(told["ko"]) == commands.findall(told["en"]) != []


def test_every_question_is_asked_in_both_languages():
    """cookiecutter can't ask in the language that was just chosen: see `__prompts__`
    in its prompt.py, which are printed as they are."""
    asked = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    prompts = [name for name in asked if not name.startswith("_")]
    assert prompts[0] == "language"
    assert list(asked["__prompts__"]) == prompts
    for question in asked["__prompts__"].values():
        if isinstance(question, dict):
            question = question["__prompt__"]
        english, korean = question.split(" / ")
        assert HANGUL.search(korean) and not HANGUL.search(english)


def test_the_question_for_the_address_says_how_to_find_it():
    asked = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    assert "curl -4 https://checkip.amazonaws.com" in asked["__prompts__"]["your_ip"]


NAMES = {
    "quotes": """The "Reader's" `Library`""",
    "triple quotes": '''\'\'\'Library""" \'\'\'''',
    "markup": "<b>R&D</b> &amp; <!-- Library -->",
    "backslash": "C:\\new\\table \\",
    "jinja": "{{ 7 * 7 }} {% raw %} {# Library #}",
    "unclosed jinja": "{{ Library",
    "shell": "$(id) `id` ${HOME} $HOME; # Library",
    "terraform": "${path.module} %{ if true }Library",
    "yaml": "- Library: *api # & [1, {2}]",
    "markdown": "# **Library** _a_ [b](c) ![d](e) ~~f~~ #",
    "korean": "우리 동네 도서관",
    "emoji": "📚 Library 👩‍💻🇰🇷",
    "right to left": "مكتبة Library",
    "long": "Library " * 30 + "API",
}
FITTING = re.compile(r"(?=.{3,40}\Z)[a-z][a-z0-9]*(-[a-z0-9]+)*")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_rendered_file_stays_valid(bake, name, language):
    typed = in_jinja(name)
    baked = bake(project_name=typed, author_name=typed, language=language)
    for file in rendered_by_jinja(baked.files()):
        parse(file, baked.read(file))
    assert f"Copyright (c) {name}\n" in baked.read("LICENSE")
    assert heading(baked.read("README.md")) == name.strip()


@pytest.mark.parametrize(
    "key_pair",
    ['my "key"', "back\\slash\\", "${path.module} %{ if true }", "it's & <co>"],
)
def test_every_key_pair_name_arrives_in_terraform(bake, key_pair):
    baked = bake(key_pair_name=in_jinja(key_pair))
    values = hcl2.loads(baked.read("terraform/prod.tfvars"))
    assert as_terraform_reads_it(values["key_pair_name"]) == key_pair


def as_terraform_reads_it(quoted):
    """The text that a string in quotes stands for: as in JSON, but for templates."""
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", quoted), "it is a template"
    return json.loads(quoted.replace("$${", "${").replace("%%{", "%{"))


def heading(markdown):
    """The text of the first heading, as a reader sees it."""
    tokens = MarkdownIt().parse(markdown)
    title = next(i for i, token in enumerate(tokens) if token.tag == "h1")
    return "".join(child.content for child in tokens[title + 1].children)


@pytest.mark.parametrize("name", [*NAMES.values(), "2026", "a", "3D", "📚", "¡!", "-"])
def test_the_default_slug_fits_any_name(bake, name):
    assert FITTING.fullmatch(bake(project_name=in_jinja(name)).path.name)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Library API", "library-api"),
        ("2026 Library", "library-2026-library"),
        ("📚", "library"),
        # These letters would need another spelling, so no slug is derived.
        ("프로젝트 도서관", "library-api"),
        ("우리 Library", "library-api"),
        ("Bücherei", "library-api"),
    ],
)
def test_the_default_slug_is_read_off_the_name(bake, name, slug):
    assert bake(project_name=name).path.name == slug


def in_jinja(text):
    """The text as Jinja must be given it: what is typed is not rendered."""
    return text.replace("{", "{{ '{' }}")
