"""Refuse all bad answers at once, each in one line; print a command with the others.

Standard library only, and the same on every system. Jinja renders this file
before Python reads it: the answers arrive as JSON, in which nothing that a person
can type ends the string.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import unicodedata
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")


class Text(NamedTuple):
    """A message of the hook, in each language of a project."""

    en: str
    ko: str


def said(text: Text) -> str:
    """Return the text in the language of the answers."""
    return getattr(text, "ko" if ANSWERS.get("language") == "ko" else "en")


SLUG = re.compile(r"(?=.{3,40}\Z)[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Windows can't make a folder of such a name.
DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")
OWNER = r"(?=[^/]{1,39}/)[A-Za-z0-9]+([-_][A-Za-z0-9]+)*"
REPOSITORY = re.compile(OWNER + r"/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
REGION = re.compile(r"[a-z]{2}(-[a-z]{2,12}){1,3}-[1-9][0-9]?")

# 2.6 is the first whose hooks are told all that the command below repeats; 1.7 leaves
# half of the README unrendered and says that all went well.
OLDEST_COOKIECUTTER = (2, 6)
# Replaces a refused answer in the command, and is itself refused.
PLACEHOLDER = "CHANGE-ME"

PRIVATE = Text(
    "it is private, seen only inside your own network",
    "내부 네트워크에서만 보이는 사설 주소입니다",
)
LOOPBACK = Text(
    "it is loopback, a computer talking to itself",
    "컴퓨터가 자기 자신을 가리키는 루프백 주소입니다",
)
FOR_DOCUMENTATION = Text(
    "it is reserved for documentation", "문서의 예시용으로 예약된 주소입니다"
)
# Written out, because `is_global` differs between the Python versions.
NOT_PUBLIC = {
    "0.0.0.0/32": Text(
        "it stands for every address there is", "모든 주소를 뜻하는 주소입니다"
    ),
    "0.0.0.0/8": Text(
        "it means 'this network', not one computer",
        "컴퓨터 한 대가 아니라 '이 네트워크'를 뜻하는 주소입니다",
    ),
    "10.0.0.0/8": PRIVATE,
    "100.64.0.0/10": Text(
        "it is shared, seen only inside your provider's network",
        "통신사 네트워크 안에서만 보이는 공유 주소입니다",
    ),
    "127.0.0.0/8": LOOPBACK,
    "169.254.0.0/16": Text(
        "it is link-local, taken when no network answered",
        "네트워크가 응답하지 않을 때 쓰는 링크 로컬 주소입니다",
    ),
    "172.16.0.0/12": PRIVATE,
    "192.0.0.0/24": Text(
        "it is reserved for protocols", "프로토콜용으로 예약된 주소입니다"
    ),
    "192.0.2.0/24": FOR_DOCUMENTATION,
    "192.88.99.0/24": Text(
        "it is reserved for IPv6 relays", "IPv6 중계용으로 예약된 주소입니다"
    ),
    "192.168.0.0/16": PRIVATE,
    "198.18.0.0/15": Text(
        "it is reserved for benchmarks", "성능 시험용으로 예약된 주소입니다"
    ),
    "198.51.100.0/24": FOR_DOCUMENTATION,
    "203.0.113.0/24": FOR_DOCUMENTATION,
    "224.0.0.0/4": Text(
        "it is multicast, not one computer",
        "컴퓨터 한 대가 아니라 멀티캐스트를 뜻하는 주소입니다",
    ),
    "255.255.255.255/32": Text(
        "it is broadcast, not one computer",
        "컴퓨터 한 대가 아니라 브로드캐스트를 뜻하는 주소입니다",
    ),
    "240.0.0.0/4": Text(
        "it is reserved for the future", "나중에 쓰려고 예약해 둔 주소입니다"
    ),
}
LINE_BREAK = Text("a line break", "줄바꿈")
UNPRINTABLE = {
    "Cc": Text("a control character", "제어 문자"),
    "Cs": Text("half a character", "반쪽짜리 문자"),
    "Zl": LINE_BREAK,
    "Zp": LINE_BREAK,
}


# Each of these returns why an answer is refused; None if it is accepted.


def name_problem(answer: str) -> Text | None:
    if not answer.strip():
        return Text("it must not be empty", "비워 둘 수 없습니다")


def slug_problem(answer: str) -> Text | None:
    if not SLUG.fullmatch(answer):
        return Text(
            "it must be 3 to 40 of a-z, 0-9 and single hyphens, "
            "start with a letter and not end with a hyphen",
            "a-z, 0-9, 하이픈 하나씩으로 3~40자여야 하고, "
            "글자로 시작하며 하이픈으로 끝나지 않아야 합니다",
        )
    if DEVICE.fullmatch(answer):
        return Text(
            "it must not be a name that Windows reserves for a device",
            "Windows가 장치용으로 쓰는 이름은 쓸 수 없습니다",
        )


def repository_problem(answer: str) -> Text | None:
    if not REPOSITORY.fullmatch(answer):
        return Text(
            "it must be owner/name, as GitHub spells it",
            "GitHub에 적힌 그대로 owner/name 꼴이어야 합니다",
        )


def region_problem(answer: str) -> Text | None:
    if not REGION.fullmatch(answer):
        return Text("it must be the code of an AWS region", "AWS 리전 코드여야 합니다")


def key_pair_problem(answer: str) -> Text | None:
    if not answer.isascii() or not 1 <= len(answer) <= 255:
        return Text(
            "it must be 1 to 255 ASCII characters, as AWS demands",
            "AWS 규칙에 따라 ASCII 1~255자여야 합니다",
        )
    if answer != answer.strip():
        return Text(
            "it must have no space at either end, as AWS demands",
            "AWS 규칙에 따라 앞뒤에 공백이 없어야 합니다",
        )


def ip_problem(answer: str) -> Text | None:
    if answer and (reason := why_not_public(answer)):
        return Text(
            f"{reason.en}; it must be one public IPv4 address, or empty",
            f"{reason.ko}. 공인 IPv4 주소 하나이거나 비어 있어야 합니다",
        )


def why_not_public(address: str) -> Text | None:
    """Return why this is not one public IPv4 address; None if it is."""
    if "/" in address:
        return Text("it is a range or a URL", "주소 범위이거나 URL입니다")
    if ":" in address:
        return Text("it is IPv6 or has a port", "IPv6 주소이거나 포트가 붙어 있습니다")
    if re.search(r"[^0-9.\s]", address):
        return Text("it is a name", "주소가 아니라 이름입니다")
    try:
        ip = ipaddress.IPv4Address(address)
    except ValueError:
        return Text(
            "it is not four numbers from 0 to 255 with dots between",
            "0~255인 숫자 네 개를 점으로 이은 것이 아닙니다",
        )
    for network, reason in NOT_PUBLIC.items():
        if ip in ipaddress.IPv4Network(network):
            return reason


def language_problem(answer: str) -> Text | None:
    if answer not in Text._fields:
        return Text("it must be en or ko", "en 또는 ko여야 합니다")


CHECKS = {
    "language": (language_problem, "en"),
    "project_name": (name_problem, "Library API"),
    "project_slug": (slug_problem, "library-api"),
    "author_name": (name_problem, "Ada Lovelace"),
    "github_repository": (repository_problem, "octocat/library-api"),
    "aws_region": (region_problem, "ap-northeast-2"),
    "key_pair_name": (key_pair_problem, "library"),
    "your_ip": (ip_problem, "1.1.1.1"),
}


def unusable(answer: str) -> Text | None:
    """Return what is refused in every answer."""
    if answer == PLACEHOLDER:
        return Text(
            "it must be replaced by your own answer", "알맞은 답으로 바꿔야 합니다"
        )
    kinds = (UNPRINTABLE.get(unicodedata.category(char)) for char in answer)
    if kind := next(filter(None, kinds), None):
        return Text(
            f"it holds {kind.en}; it must be text on one line",
            f"{kind.ko}가 들어 있습니다. 한 줄의 텍스트여야 합니다",
        )


def refused(what: str, given: str, reason: Text, example: str) -> str:
    """Return the line that refuses: what was given, what is accepted, an example."""
    return said(
        Text(
            f"{what}: {given!r} refused: {reason.en}; for example: {example}",
            f"{what}: {given!r} 거절됨: {reason.ko}. 예: {example}",
        )
    )


def bad_answers() -> dict[str, str]:
    """Return the line that refuses each bad answer, by the prompt's name."""
    lines = {}
    for prompt, (check, example) in CHECKS.items():
        answer = str(ANSWERS[prompt])
        if reason := unusable(answer) or check(answer):
            lines[prompt] = refused(prompt, answer, reason, example)
    return lines


def old_cookiecutter() -> list[str]:
    """Return the line that refuses a cookiecutter that is too old, or nothing."""
    try:
        version = metadata.version("cookiecutter")
    except metadata.PackageNotFoundError:
        # It runs without being installed. 1.7 shows itself, others are not known.
        if not leaves_private_answers():
            return []
        version = "1.7"
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if numbers >= OLDEST_COOKIECUTTER:
        return []
    needed = Text("it must be 2.6 or newer", "2.6 이상이어야 합니다")
    return [refused("cookiecutter", version, needed, "uvx cookiecutter")]


def leaves_private_answers() -> bool:
    """Return whether Jinja has not rendered the answers that begin with two lines.

    2.0 is the first that renders them.
    """
    return ANSWERS["__name_in_markdown"].startswith("{" + "% for character in")


def leftovers():
    """Return the paths of what a run inside the template left there.

    cookiecutter would copy it, the secrets included.
    """
    repository = ANSWERS.get("_repo_dir")
    if not repository:
        return []
    # A relative one is seen from where the person is; the hook is elsewhere.
    template = Path(os.environ.get("PWD", ""), repository)
    for file in template.glob("*cookiecutter.project_slug*/.gitignore"):
        lines = file.read_text(encoding="utf-8").splitlines()
        rules = [line for line in lines if line and not line.startswith("# ")]
        return list(ignored(file.parent, rules))
    return []


def ignored(project, rules):
    """Yield what the rules of a .gitignore name; of a folder, not what is in it."""
    for folder, folders, files in os.walk(project):
        place = Path(folder).relative_to(project)
        found = {n for n in folders + files if is_ignored(place / n, rules)}
        yield from ((place / name).as_posix() for name in sorted(found))
        folders[:] = sorted(set(folders) - found)


def is_ignored(path, rules):
    """Return whether git would ignore a path by these rules, the last of which wins."""
    verdict = False
    for rule in rules:
        pattern = rule.lstrip("!").rstrip("/")
        whole = f"/{path.as_posix()}" if pattern.startswith("/") else path.name
        if fnmatchcase(whole, pattern):
            verdict = not rule.startswith("!")
    return verdict


def from_a_run_in_place() -> list[str]:
    """Return the line that refuses to copy what a run in the template left, if any."""
    left = leftovers()
    if not left:
        return []
    shown, more = ", ".join(left[:5]), len(left) - 5
    text = Text(
        f"template: its project folder holds {shown}"
        f"{f' and {more} more' if more > 0 else ''} from a run in place, which must "
        "not be copied; run `make clean` in the template",
        f"template: 프로젝트 폴더에 거기서 실행할 때 생긴 {shown}"
        f"{f' 외 {more}개' if more > 0 else ''}가 있습니다. 복사되면 안 되니 "
        "템플릿에서 make clean을 실행하세요",
    )
    return [said(text)]


def from_an_older_template() -> list[str]:
    """Return the line that refuses answers which another version saved, if any.

    `--replay` brings its rules of what is copied, too. By older ones the texts, which
    Jinja chooses by language, would be copied as the line that chooses them.
    """
    if not any(fnmatchcase("docs/ci.md", r) for r in ANSWERS["_copy_without_render"]):
        return []
    text = Text(
        "template: --replay refused: its answers were saved by another version of the "
        "template, and carry that version's rules; answer the questions again",
        "template: --replay를 쓸 수 없습니다. 저장된 답이 다른 버전의 템플릿에서 온 것이라 그 "
        "버전의 규칙까지 따라옵니다. 답을 직접 주세요",
    )
    return [said(text)]


def again(bad: set[str]) -> list[str]:
    """Return the lines that give the good answers back, for the next try.

    cruft tells a hook nothing of its own options, so there it is only one of them.
    """
    # The bad ones last: that is where the cursor is when the command is pasted.
    prompts = sorted(CHECKS, key=lambda prompt: prompt in bad)
    answers = {p: PLACEHOLDER if p in bad else literal(ANSWERS[p]) for p in prompts}
    if "_output_dir" in ANSWERS:
        words = cookiecutter() + [f"{p}={answer}" for p, answer in answers.items()]
    else:
        words = ["--extra-context", json.dumps(answers, ensure_ascii=False)]
    edit = Text(
        f"Nothing was written. This command holds the good answers: replace "
        f"{PLACEHOLDER}, and run it again.",
        f"아무것도 만들지 않았습니다. 쓸 수 있는 답은 아래에 들어 있으니 "
        f"{PLACEHOLDER}만 알맞은 답으로 바꿔 다시 실행하세요.",
    )
    repeat = Text(
        "Nothing was written. After that, run this again:",
        "아무것도 만들지 않았습니다. 그런 다음 이것을 다시 실행하세요.",
    )
    # A hook can't keep away what cookiecutter adds (2.6 two lines, 2.7 a traceback).
    noise = Text(
        "The lines below are cookiecutter's own report of this, and nothing else.",
        "아래는 이 거절을 알리는 cookiecutter의 출력이며, 다른 문제는 없습니다.",
    )
    return ["", said(edit if bad else repeat), "", quoted(words), "", said(noise)]


def cookiecutter() -> list[str]:
    """Return the words of the command that was given, up to its answers."""
    words = [*program(), ANSWERS["_template"], "--no-input"]
    if ANSWERS.get("_checkout"):
        words += ["--checkout", ANSWERS["_checkout"]]
    output = ANSWERS["_output_dir"]
    if Path(os.environ.get("PWD", "/")).resolve() != Path(output).resolve():
        words += ["--output-dir", output]
    return words


def program() -> list[str]:
    """Return how to start the cookiecutter that runs this hook."""
    here = Path(sys.executable).parent
    if "UV" in os.environ:
        return ["uvx", "cookiecutter"]
    if "pipx" in here.parts:
        return ["pipx", "run", "cookiecutter"]
    found = shutil.which("cookiecutter")
    if found and Path(found).resolve().parent == here.resolve():
        return ["cookiecutter"]
    return [sys.executable, "-m", "cookiecutter"]


def literal(answer: object) -> str:
    """Return the answer so that Jinja, which reads what is given so, leaves it."""
    answer = str(answer)
    if any("{" + mark in answer for mark in "%#{"):
        return answer.replace("{", "{" * 2 + '"{"' + "}" * 2)
    return answer


def quoted(words: list[str]) -> str:
    """Return the words as one line for the shell of this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def main():
    # A Korean Windows console can't show an emoji: show its escape instead.
    sys.stderr.reconfigure(errors="backslashreplace")
    lines = old_cookiecutter()
    if not lines:
        bad = bad_answers()
        lines = [*bad.values(), *from_a_run_in_place(), *from_an_older_template()]
        lines += again(set(bad)) if lines else []
    print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr)
    sys.exit(1 if lines else 0)


main()
