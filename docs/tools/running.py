"""Run a page, and hold what it shows against what it printed."""

import time
from dataclasses import dataclass, field

from docs.tools import DOCS, name_of
from docs.tools.normal import matches, trimmed
from docs.tools.parsing import Mistake, page_directive
from docs.tools.sandbox import Sandbox
from docs.tools.shell import Failed
from docs.tools.steps import steps
from docs.tools.terminals import Terminals


@dataclass
class Result:
    """What running a page came to; `outputs` holds each command's printed lines."""

    page: str
    blocks: int = 0
    hidden: int = 0
    skipped: int = 0
    commands: int = 0
    seconds: float = 0
    # Files that `git add -A` would take, each as `git status` has it.
    left: list = field(default_factory=list)
    outputs: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)


def executed(page):
    """Whether the page has any block that is run here, not by a test of its own."""
    text = page.read_text(encoding="utf-8")
    if page_directive(text, "played"):
        return False
    return any(not step.skip and not step.hidden for step in steps(page, text))


def run_page(page, prepared, template, scratch):
    """Run a page's blocks in a sandbox.

    `prepared` is a rendered and set-up project, `template` a clone of the template;
    neither is changed. It goes on after a difference, and stops at what fails.
    """
    with Sandbox(scratch) as sandbox:
        return play(page, sandbox, prepared, template)


def run_in_order(pages, prepared, template, scratch):
    """Run pages in one sandbox; yield each Result.

    The first page renders the project, and the others go on in it, as a student does.
    """
    with Sandbox(scratch) as sandbox:
        for page in pages:
            yield play(page, sandbox, prepared, template)
            if not sandbox.watched:
                sandbox.watch(sandbox.home / prepared.name)


def play(page, sandbox, prepared, template):
    text = page.read_text(encoding="utf-8")
    result, began = Result(page.relative_to(DOCS).as_posix()), time.monotonic()
    folder = sandbox.watched or begin(page, text, sandbox, prepared, template)
    for service in page_directive(text, "services").split():
        sandbox.start(service, prepared)
    terminals = Terminals(folder, sandbox.environment(), sandbox.scratch)
    try:
        for step in steps(name_of(page), text):
            take(step, sandbox, terminals, result)
    except Failed as failure:
        result.problems.append(str(failure))
    finally:
        terminals.close()
    result.left = sandbox.left()
    result.seconds = time.monotonic() - began
    return result


def begin(page, text, sandbox, prepared, template):
    """The folder that the page's terminals begin in."""
    start = page_directive(text, "start", "project")
    if start == "template":
        return sandbox.clone(template)
    if start == "project":
        return sandbox.project(prepared)
    raise Mistake(f"{page.name}: a page starts with project or template, not {start}")


def take(step, sandbox, terminals, result):
    """Do one step, and count it."""
    if step.stop:
        return terminals.stop_servers()
    if step.skip:
        result.skipped += 1
        return
    shell = terminals[step.terminal]
    result.hidden += step.hidden
    result.blocks += not step.hidden
    for index, command in enumerate(step.commands):
        last = index == len(step.commands) - 1
        text = sandbox.inward(command.text)
        result.commands += 1
        if last and step.serve:
            shell.serve(text, sandbox.inward(step.serve))
            continue
        code, printed = shell.run(text)
        lines = trimmed(sandbox.outward(printed).replace("\r", "").split("\n"))
        judge(step, command, last, code, lines, result)


def judge(step, command, last, code, lines, result):
    wanted = step.exit if last else 0
    if code != wanted:
        shown = "\n".join(lines)
        raise Failed(
            f"{step.place}: exit code {code}, not {wanted}: {command.text}\n{shown}"
        )
    if step.compared and not matches(command.shown, lines):
        result.problems.append(difference(step, command, lines))
    if not step.hidden:
        result.outputs.setdefault(step.line, []).append((command, lines))


def difference(step, command, lines):
    shown = "\n".join(f"    {line}" for line in command.shown) or "    (nothing)"
    printed = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
    return (
        f"{step.place}: $ {command.text}\n  the page shows:\n{shown}\n"
        f"  it printed:\n{printed}"
    )


def rewrite(page, result):
    """Put what the commands printed where the page shows something else.

    Gives how many commands' output was rewritten.
    """
    lines = page.read_text(encoding="utf-8").split("\n")
    changed = 0
    for step in reversed(steps(name_of(page), "\n".join(lines))):
        ran = result.outputs.get(step.line)
        if step.hidden or not ran:
            continue
        body = []
        for command, printed in ran:
            keeps = not step.compared or matches(command.shown, printed)
            changed += not keeps
            body += as_typed(command.text) + (command.shown if keeps else printed)
        indent = step.fence.indent
        body = [f"{indent}{line}".rstrip() for line in body]
        lines[step.fence.first + 1 : step.fence.last] = body
    page.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return changed


def as_typed(text):
    first, *more = text.split("\n")
    return [f"$ {first}", *(f"> {line}".rstrip() for line in more)]
