"""What a page does when it is run: its blocks in order, hidden ones among them."""

import re
from dataclasses import dataclass

from docs.tools.parsing import COMMENT, Mistake, commands, fences, without_fences

HIDDEN = re.compile(r"run(?: serve: (?P<serve>\S+))?\n(?P<body>.*)", re.DOTALL)
TERMINAL = re.compile(r"terminal: (\d+)")
UNBOUNDED = re.compile(r"\b(?:until|while) .*\bdo\b")
MUST_BE_CONSOLE = {"sh", "shell", "bash", "shell-session", "cmd"}


@dataclass
class Step:
    """One block. `serve` is the address that answers once its last command serves."""

    place: str
    line: int
    commands: list
    exit: int = 0
    skip: str = ""
    serve: str = ""
    hidden: bool = False
    stop: bool = False
    terminal: int = 1
    fence: object = None

    @property
    def compared(self):
        """Whether output is shown: then each command's is compared."""
        return not self.hidden and any(command.shown for command in self.commands)


def steps(page, text):
    """The steps of a page, in order."""
    shown = [of_fence(fence) for fence in fences(page, text) if is_console(fence)]
    found = sorted([*shown, *of_comments(page, text)], key=lambda step: step.line)
    chosen = terminals(page, text)
    for step in found:
        step.terminal = max(each for each in chosen if each[0] <= step.line)[1]
    return found


def is_console(fence):
    language = fence.language.split(" ")[0]
    if language in MUST_BE_CONSOLE and "listing" not in fence.directives:
        raise Mistake(f"{fence.place}: write `console`, so that it is run: {language}")
    return language == "console"


def of_fence(fence):
    said = fence.directives
    step = Step(fence.place, fence.first, commands(fence.lines, fence.place))
    step.exit = int(said.get("exit", 0))
    step.skip = said.get("skip", "")
    step.serve = said.get("serve", "")
    step.fence = fence
    if "skip" in said and len(step.skip) < 20:
        raise Mistake(f"{fence.place}: `skip` needs a reason")
    if not step.commands:
        raise Mistake(f"{fence.place}: this console block has no command")
    if any(UNBOUNDED.search(command.text) for command in step.commands):
        raise Mistake(f"{fence.place}: count a loop's rounds: what if it never comes?")
    return step


def terminals(page, text):
    """From which line on the page is in which terminal."""
    switches = ((line, TERMINAL.fullmatch(said)) for line, said in comments(page, text))
    return [(0, 1), *((line, int(found[1])) for line, found in switches if found)]


def comments(page, text):
    """Each comment's line and what it says."""
    text = without_fences(text, page)
    for comment in COMMENT.finditer(text):
        yield text.count("\n", 0, comment.start()), comment[1].strip()


def of_comments(page, text):
    for line, said in comments(page, text):
        place = f"{page}:{line + 1}"
        if said == "stop":
            yield Step(place, line, [], stop=True, hidden=True)
        elif hidden := HIDDEN.fullmatch(said):
            inner = commands(hidden["body"].split("\n"), place)
            yield Step(place, line, inner, serve=hidden["serve"] or "", hidden=True)
