"""A fault is planted in a step of a check; `play` must not let it through."""

import json
import random
import shutil
import sys

from ci import play
from ci.checks import Step
from course.marks import answered, own, wrong

NAME = "the-course"
# Each student is asked for one of these: steps, and the exit codes they end with.
QUESTIONS = (
    {"style": 2, "tests": 0, "scripts": 2, "image": 5},
    {"install": 1, "style": 1, "tests": 1},
    {"style": 0, "tests": 3},
    {"install": 0, "style": 1, "tests": 2, "image": 0},
    {"scripts": 1, "install": 2, "tests": 1, "style": 1},
    {"install": 0, "tests": 0, "image": 0},
    {"style": 1, "tests": 1, "install": 0, "scripts": 0, "image": 9},
)


def check(seed):
    """Plant one fault, several, and one in the installation."""
    data = random.Random(seed)
    steps = 3 + data.randrange(4)
    planted = data.randrange(steps - 1)
    check_run(steps, {})
    check_run(steps, {planted: 1 + data.randrange(9)})
    check_run(steps, {0: 1, steps - 1: 2})
    check_leftovers()
    check_install()
    check_own_question()


def check_run(number, faults):
    """Run steps of which some fail; compare what `play` returns and writes."""
    failed, written = run([step(f"step-{n}", faults.get(n, 0)) for n in range(number)])
    codes = [each["exit_code"] for each in written]
    wanted = [faults.get(n, 0) for n in range(number)]
    evidence = [f"exit codes of the steps: {wanted}", f"play(...) returned {failed}"]
    evidence.append(f"result.json: {codes}")
    if faults and not failed:
        wrong("green", evidence, n=len(faults))
    if not faults and failed:
        wrong("red", evidence)
    if len(codes) < number:
        wrong("hidden", evidence, n=number - len(codes))
    if codes != wanted:
        wrong("report", evidence)
    if failed != len(faults):
        wrong("count", evidence, failed=failed, n=len(faults))


def check_leftovers():
    """A second run must not leave files of the first."""
    run([step("one", 1), step("two", 1)])
    run([step("one", 0)])
    left = sorted(path.name for path in (play.RESULTS / NAME).iterdir())
    if "two.log" in left:
        wrong("leftovers", f"build/ci/{NAME}: {left}")


def check_install():
    """Without packages no other step can tell anything."""
    failed, written = run([step("install", 1), step("style", 0)])
    names = [each["name"] for each in written]
    if not failed or names != ["install"]:
        wrong("install", f"steps that ran: {names}, play(...) returned {failed}")


def check_own_question():
    """Ask what `play` returns for the student's own steps, and how many it runs."""
    codes = own(QUESTIONS)
    failed, written = run([step(*each) for each in codes.items()])
    steps = ", ".join(f"{name} {code}" for name, code in codes.items())
    given = answered("13")
    if given is None:
        wrong("unanswered", steps=steps)
    if given != [failed, len(written)]:
        wrong("not_yours", f"13 = {given}", steps=steps)


def step(name, code):
    """Return a step that ends with this exit code."""
    code = f"print('{name}'); raise SystemExit({code})"
    return Step(name, (sys.executable, "-S", "-c", code))


def run(steps):
    """Play these steps; return what `play` returned, and the steps it wrote down."""
    play.CHECKS[NAME] = lambda: steps
    try:
        failed = play.play(NAME)
    except SystemExit as ended:
        failed = int(ended.code or 0)
    finally:
        del play.CHECKS[NAME]
    path = play.RESULTS / NAME / "result.json"
    if not path.exists():
        wrong("no_report", f"no {path.relative_to(play.PROJECT)}")
    written = json.loads(path.read_text(encoding="utf-8"))["steps"]
    return failed, written


# What an earlier check left would be taken for this one's.
shutil.rmtree(play.RESULTS / NAME, ignore_errors=True)
