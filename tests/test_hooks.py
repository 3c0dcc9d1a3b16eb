"""Bad answers are refused before anything is written."""

import shutil

import pytest
from cookiecutter.exceptions import FailedHookException
from cookiecutter.hooks import run_script_with_context

from tests.baking import DEFAULTS, FOLDER, ROOT

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


def refusals(output):
    return [line for line in output.splitlines() if " refused: " in line]


@pytest.fixture
def hook(tmp_path, capfd):
    """Run the hook as cookiecutter does; gives the lines it said."""

    def pre_gen(**answers):
        context = {"cookiecutter": DEFAULTS | answers}
        try:
            run_script_with_context(
                ROOT / "hooks/pre_gen_project.py", tmp_path, context
            )
        except FailedHookException as failure:
            assert "exit status: 1" in str(failure)
            lines = capfd.readouterr().err.splitlines()
            assert lines, "refused without a word"
            return lines
        assert capfd.readouterr().err == ""
        return []

    return pre_gen


@pytest.mark.parametrize(("prompt", "answer"), ONE_OF_EACH.items())
def test_nothing_is_written_for_a_bad_answer(baker, prompt, answer):
    (line,) = refusals(baker.refuse(**{prompt: answer}))
    assert line.startswith(f"{prompt}: {answer!r} refused: ")


@pytest.mark.parametrize(("prompt", "answer"), BAD)
def test_a_bad_answer_is_refused_in_one_line(hook, prompt, answer):
    (line,) = hook(**{prompt: answer})
    assert line.startswith(f"{prompt}: {answer!r} refused: ")
    assert "it must " in line
    assert "; for example: " in line
    if prompt == "your_ip":
        assert BAD_IPS[answer] in line


@pytest.mark.parametrize(("prompt", "answer"), GOOD)
def test_a_good_answer_is_accepted(hook, prompt, answer):
    assert hook(**{prompt: answer}) == []


@pytest.mark.parametrize("name", ["project_name", "author_name"])
@pytest.mark.parametrize("empty", ["", " ", "\u3000"])
def test_a_name_that_is_not_there_is_refused(hook, name, empty):
    (line,) = hook(**{name: empty})
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
def test_what_no_file_can_show_is_refused_in_one_line(hook, unprintable, kind):
    (line,) = hook(author_name=unprintable)
    assert f"{unprintable!r} refused: it holds {kind}" in line


def test_all_bad_answers_are_named_at_once(baker):
    output = baker.refuse(
        project_name=" ",
        project_slug="No Slug",
        author_name=" ",
        github_repository="nobody",
        aws_region="seoul",
        key_pair_name=" library",
        your_ip="10.0.0.1",
    )
    assert [line.split(":")[0] for line in refusals(output)] == [
        "project_name",
        "project_slug",
        "author_name",
        "github_repository",
        "aws_region",
        "key_pair_name",
        "your_ip",
    ]


def test_a_language_that_is_not_there_is_refused(hook):
    (line,) = hook(language="fr")
    assert line.startswith("language: 'fr' refused: it must be en or ko")


LEFT_BEHIND = [
    ".env",
    "db.sqlite3",
    "db.sqlite3-wal",
    "terraform/terraform.tfstate",
    "terraform/bootstrap/terraform.tfstate.backup",
    "staticfiles/admin/base.css",
    "hunt.json",
]
LEFT_FOLDERS = [".venv", "terraform/.terraform", "build", "books/__pycache__"]


@pytest.fixture
def run_in_place(baker, tmp_path):
    """Make a file in the template's project folder, as a run there would."""
    baker.template = shutil.copytree(baker.template, tmp_path / "dirty")

    def leave(name):
        left = baker.template / FOLDER / name
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text("SECRET_KEY=mine\n")

    return leave


@pytest.mark.parametrize("left", LEFT_BEHIND + LEFT_FOLDERS)
def test_what_a_run_inside_the_template_left_is_not_copied(baker, run_in_place, left):
    run_in_place(f"{left}/inside/it" if left in LEFT_FOLDERS else left)
    named = "staticfiles/admin" if left.startswith("staticfiles") else left
    (line,) = [each for each in baker.refuse().splitlines() if "template:" in each]
    assert f"its project folder holds {named} from a run in place" in line


def test_of_much_that_was_left_some_is_named(baker, run_in_place):
    for left in LEFT_BEHIND:
        run_in_place(left)
    assert " and 2 more from a run in place" in baker.refuse()


def test_a_console_that_cannot_show_the_answer_still_shows_the_line(baker):
    done, output = baker.cookiecutter(
        *(baker.template, "--no-input", "project_slug=📚"),
        PYTHONUTF8="0",
        PYTHONIOENCODING="cp949",
    )
    assert done.returncode == 1
    assert "project_slug: '\\U0001f4da' refused: " in done.stdout
    assert list(output.iterdir()) == []
