"""python -m docs.tools: build or serve the site, run pages, rewrite what is derived."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.tools import DOCS, ROOT, pages
from docs.tools.parsing import Mistake


def main():
    parser = argparse.ArgumentParser(prog="python -m docs.tools", description=__doc__)
    doing = parser.add_subparsers(dest="action", required=True)
    doing.add_parser("build", help="build both sites strictly into site/")
    serving = doing.add_parser("serve", help="build the sites and serve them")
    serving.add_argument("--port", type=int, default=8000)
    refreshing = doing.add_parser("refresh", help="rewrite what pages derive")
    refreshing.add_argument("--run", metavar="PAGE", nargs="*", default=[])
    running = doing.add_parser("run", help="run pages, and say what differs")
    running.add_argument("page", nargs="*", help="such as walkthrough/01-the-api.md")
    running.add_argument("--write", action="store_true", help="keep what was printed")
    doing.add_parser("timelines", help="search for the timelines that pages show anew")
    doing.add_parser("count", help="say what of the site is checked")
    given = parser.parse_args()
    try:
        sys.exit(ACTIONS[given.action](given))
    except Mistake as mistake:
        sys.exit(str(mistake))


def build(given):
    from docs.tools import counting, derived, site

    if old := derived.stale():
        names = ", ".join(path.relative_to(ROOT).as_posix() for path in old)
        raise Mistake(f"out of date: {names}; run make docs-refresh")
    print(site.build())
    print(counting.report())


def serve(given):
    from docs.tools import site

    print(site.build())
    site.serve(given.port)


def refresh(given):
    from docs.tools import derived

    for name in derived.refresh():
        print(f"rewrote {name}")
    if given.run:
        return run_pages(found(given.run), write=True)


def run(given):
    from docs.tools.running import executed

    chosen = found(given.page) or [page for page in pages("en") if executed(page)]
    return run_pages(chosen, given.write)


def count(given):
    from docs.tools import counting

    print(counting.report())


def timelines(given):
    from docs.tools import timelines
    from docs.tools.preparing import prepared

    project, _ = prepared(Path("build/docs").resolve())
    english = DOCS / "en" / timelines.NAME
    english.write_text(timelines.found(project), encoding="utf-8", newline="\n")
    return refresh(argparse.Namespace(run=[]))


ACTIONS = {
    "build": build,
    "serve": serve,
    "refresh": refresh,
    "run": run,
    "timelines": timelines,
    "count": count,
}


def found(names):
    """The English pages of these names; with or without the path before docs/en."""
    chosen = []
    for name in names:
        page = DOCS / "en" / name.rpartition("docs/en/")[2]
        if not page.is_file():
            raise Mistake(
                f"no page {name}: give one of docs/en, as how-to/roll-back.md"
            )
        chosen.append(page)
    return chosen


def run_pages(chosen, write):
    from docs.tools.preparing import prepared
    from docs.tools.running import rewrite, run_page

    project, template = prepared(Path("build/docs").resolve())
    problems = 0
    for page in chosen:
        with TemporaryDirectory() as scratch:
            result = run_page(page, project, template, Path(scratch))
        print(
            f"{result.page}: {result.blocks} blocks, {result.commands} commands, "
            f"{result.skipped} not run, {result.seconds:.0f} s",
            flush=True,
        )
        if write:
            print(f"  rewrote the output of {rewrite(page, result)} commands")
        for problem in result.problems:
            print(problem)
        for file in result.left:
            print(f"  left for git: {file}")
        problems += len(result.problems)
    return 1 if problems else 0


if __name__ == "__main__":
    main()
