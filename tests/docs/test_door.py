"""The rendered project's README links to every chapter."""

import re
import shutil
import sys

import pytest
from jinja2 import Environment, FileSystemLoader

from docs.tools import DOCS, TEXTS, name_of
from tests.baking import BakedProject, CommandLine, run, succeed

ROW = re.compile(r'^\| {{ chapter\("(\d+\. [^"]*)", "([^"]+)"\) }} \|', re.MULTILINE)
LINK = re.compile(r"^\| \[\d+\. [^]]*\]\((\S+)\) \|", re.MULTILINE)
LIBRARY = "https://github.com/octocat/library/blob"
HEAD = f"{LIBRARY}/HEAD/docs"
GITLAB = "https://gitlab.com"
# Where a project may be rendered from, and where its README then leads.
SOURCES = {
    "gh:octocat/library": HEAD,
    "gh:octocat/library.git": HEAD,
    "https://github.com/octocat/library": HEAD,
    "https://github.com/octocat/library/": HEAD,
    "https://github.com/octocat/library.git": HEAD,
    "http://github.com/octocat/library": HEAD,
    "git+https://github.com/octocat/library.git": HEAD,
    "https://mina:secret@github.com/octocat/library.git": HEAD,
    "git@github.com:octocat/library.git": HEAD,
    "ssh://git@github.com/octocat/library.git": HEAD,
    "ssh://git@github.com:22/octocat/library.git": HEAD,
    "https://GitHub.com/octocat/library": HEAD,
    "https://github.com/octocat/library/archive/main.zip": f"{LIBRARY}/main/docs",
    "https://github.com/octocat/library/archive/refs/heads/a/b.zip": (
        f"{LIBRARY}/a/b/docs"
    ),
    "https://github.com/octocat/library/archive/refs/tags/v1.0.0.zip": (
        f"{LIBRARY}/v1.0.0/docs"
    ),
    "https://github.com/octocat/library/releases/download/v1/a.zip": HEAD,
    "gl:octocat/library": f"{GITLAB}/octocat/library/-/blob/HEAD/docs",
    "git@gitlab.com:a/b/c.git": f"{GITLAB}/a/b/c/-/blob/HEAD/docs",
    "https://gitlab.com/a/b/c/-/archive/main/c-main.zip": (
        f"{GITLAB}/a/b/c/-/blob/HEAD/docs"
    ),
    "bb:octocat/library": "https://bitbucket.org/octocat/library/src/HEAD/docs",
    "https://bitbucket.org/octocat/library/get/main.zip": (
        "https://bitbucket.org/octocat/library/src/HEAD/docs"
    ),
    ".": "",
    "library": "",
    "gh:octocat": "",
    "https://github.com/octocat": "",
    "~/src/github.com/octocat/library": "",
    "/home/mina/git@github.com/octocat/library": "",
    "file:///home/mina/github.com/octocat/library": "",
    r"C:\src\github.com\octocat\library": "",
    "https://notgithub.com/octocat/library": "",
    "https://example.com/github.com/octocat/library": "",
    "https://git.example.com/octocat/library.git": "",
    "https://github.com": "",
    "there:octocat/library": "",
}


def docs(source, **more):
    """Where templates/walkthrough.j2 finds the walkthrough of a template from there."""
    environment = Environment(loader=FileSystemLoader(TEXTS))
    context = {"cookiecutter": {"language": "en", "_template": source} | more}
    return environment.get_template("walkthrough.j2").make_module(context).docs


@pytest.mark.parametrize("source", SOURCES)
def test_the_address_is_that_of_the_template(source):
    assert docs(source) == SOURCES[source]


def test_the_address_is_of_the_version_that_was_asked_for():
    asked = docs("gh:octocat/library", _checkout="fix/a b")
    assert asked == f"{LIBRARY}/fix/a%20b/docs"
    assert docs("gh:octocat/library", _checkout=None) == HEAD


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_readme_leads_to_every_chapter_by_its_name(language):
    assert ROW.findall((TEXTS / language / "README.md").read_text("utf-8")) == [
        (re.search(r"^# (.*)", page.read_text("utf-8"), re.M)[1], page.name)
        for page in chapters(language)
    ]


def chapters(language):
    return sorted((DOCS / language / "walkthrough").glob("*.md"))


def links(readme):
    return LINK.findall(readme)


def expected(base, language):
    return [f"{base}/{language}/{name_of(page)}" for page in chapters(language)]


@pytest.fixture
def hub(repository, tmp_path):
    """Our template as octocat/library.git, with a tag, where git looks for GitHub."""
    succeed("git", "tag", "v1", cwd=repository)
    bare = tmp_path / "hub/octocat/library.git"
    bare.parent.mkdir(parents=True)
    succeed("git", "clone", "--quiet", "--bare", repository, bare, cwd=tmp_path)
    return bare


def from_github(hub):
    """Variables that let git find GitHub's addresses in the hub's folder."""
    key = f"url.{hub.parent.parent.as_uri()}/.insteadOf"
    addresses = ("https://github.com/", "git@github.com:")
    pairs = {f"GIT_CONFIG_KEY_{n}": key for n, _ in enumerate(addresses)}
    pairs |= {f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(addresses)}
    return pairs | {"GIT_CONFIG_COUNT": str(len(addresses))}


def readme_of(command_line, *arguments, **variables):
    done, output = command_line.cookiecutter(*arguments, "--no-input", **variables)
    assert done.returncode == 0, done.stdout
    return BakedProject(output / "library-api").read("README.md")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    "source",
    [
        "gh:octocat/library",
        "https://github.com/octocat/library",
        "git@github.com:octocat/library.git",
    ],
)
def test_rendered_from_github_it_leads_there(command_line, hub, source, language):
    readme = readme_of(command_line, source, f"language={language}", **from_github(hub))
    assert links(readme) == expected(HEAD, language)


def test_rendered_from_a_tag_it_leads_to_the_tag(command_line, hub):
    source = ("gh:octocat/library", "--checkout", "v1")
    readme = readme_of(command_line, *source, **from_github(hub))
    assert links(readme) == expected(f"{LIBRARY}/v1/docs", "en")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", ["path", "file", "here", "zip"])
def test_rendered_from_elsewhere_it_names_the_folder_and_has_no_link(
    command_line, repository, kind, language
):
    source = {
        "path": repository,
        "file": f"git+{repository.as_uri()}",
        "here": ".",
    }.get(kind)
    if kind == "zip":
        folder, name = repository.parent, repository.name
        source = shutil.make_archive(str(folder / "zipped"), "zip", folder, name)
    command_line = CommandLine(repository, command_line.folder)
    readme = readme_of_here(command_line, repository, source, language)
    assert links(readme) == [] and "github.com" not in readme
    assert f"`docs/{language}/walkthrough/`" in readme
    titles = [title for title, _ in ROW.findall(text(language))]
    assert [title for title in titles if f"| {title} |" not in readme] == []


def text(language):
    return (TEXTS / language / "README.md").read_text("utf-8")


def readme_of_here(command_line, folder, source, language):
    """As a person who stands in `folder` renders from `source`."""
    command = (sys.executable, "-m", "cookiecutter", source, "--no-input")
    options = (
        "--config-file",
        command_line.config,
        "--output-dir",
        command_line.folder / "out",
    )
    done = run(*command, *options, f"language={language}", cwd=folder)
    assert done.returncode == 0, done.stdout
    return BakedProject(command_line.folder / "out/library-api").read("README.md")
