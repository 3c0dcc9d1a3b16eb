"""The pictures: what readers got, second by second, beside the names of the scenes.

Time runs down, so that a phone shows them whole, too. They are SVG with their words as
text. `python -m lab.rehearsal.pictures FOLDER` draws those of a report again.
"""

import collections
import json
import re
import sys
from itertools import accumulate
from operator import add
from pathlib import Path

from lab.harness.plots import SETTINGS, TEXT

DATA = "seconds.json"
RESULTS = {"answered": "#9ecae1", "failed": "#d62728", "refused (503)": "#fdae6b"}
# Inches: the width, and the height of a name and of a minute.
WIDTH, NAME, MINUTE = 6.4, 0.2, 0.6
MIB = 1024**2
LONG_NUMBER = re.compile(r"\b\d+\.\d\d+\b")


def result_of(answer):
    """Return the name under which the pictures count an answer."""
    if answer.status == 503:
        return "refused (503)"
    return "failed" if answer.failed else "answered"


def per_second(answers, start, length, name_of):
    """Return {name: [answers in each second]} for `length` seconds from `start` on.

    `name_of(answer)` is the name to count it under; an answer without one is left out.
    """
    counts = collections.defaultdict(lambda: [0] * (int(length) + 1))
    for answer in answers:
        second = int(answer.sent - start)
        if (name := name_of(answer)) and 0 <= second <= length:
            counts[name][second] += 1
    return dict(sorted(counts.items()))


def deploys(stage):
    """Return what the picture of the deploys shows, ready for JSON."""
    scenes, start, length = _scenes(stage.outcomes)
    answers = stage.load.answers
    releases = per_second(answers, start, length, lambda answer: answer.release)
    results = per_second(answers, start, length, result_of)
    return {"scenes": scenes, "results": results, "releases": releases}


def enemy(siege):
    """Return what the picture of the attacks shows, ready for JSON."""
    scenes, start, length = _scenes(siege.outcomes)
    memory = collections.defaultdict(list)
    for when, service, used in siege.memory.samples:
        memory[service].append([round(when - start, 1), round(used / MIB, 1)])
    results = per_second(siege.load.answers, start, length, result_of)
    return {"scenes": scenes, "results": results, "memory": dict(memory)}


def _scenes(outcomes):
    start = outcomes[0].began
    scenes = [[each.name, round(each.began - start, 1)] for each in outcomes]
    return scenes, start, outcomes[-1].ended - start


def draw(folder):
    """Draw the pictures of a report's folder; return their paths."""
    import matplotlib

    matplotlib.use("Agg")
    data = json.loads((folder / DATA).read_text(encoding="utf-8"))
    drawn = []
    with matplotlib.rc_context(SETTINGS | {"font.size": 9, "axes.grid": False}):
        for name, shown in data.items():
            drawn.append(folder / f"{name}.svg")
            figure = _picture(**shown)
            figure.savefig(drawn[-1], transparent=True, metadata={"Date": None})
            _round(drawn[-1])
    return drawn


def _round(path):
    """Leave of an SVG's numbers what can be seen: it has a fifth of the bytes then."""
    text = path.read_text(encoding="utf-8")
    rounded = LONG_NUMBER.sub(lambda found: f"{float(found[0]):.1f}", text)
    path.write_text(rounded, encoding="utf-8")


def _picture(scenes, results, releases=None, memory=None):
    from matplotlib.figure import Figure

    length = len(next(iter(results.values())))
    height = max(NAME * len(scenes), MINUTE * length / 60) + 1.5
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for _, second in scenes:
        for axes in (left, right):
            axes.axhline(second / 60, color=TEXT, linewidth=0.4)
    _stack(left, results, RESULTS)
    left.set_xlabel("requests a second")
    if releases is not None:
        _stack(right, releases)
        right.set_xlabel("health checks a second")
    for service, samples in sorted((memory or {}).items()):
        right.plot(
            *([used for _, used in samples], [when / 60 for when, _ in samples]),
            label=service,
        )
        right.set_xlabel("memory in use (MiB)")
    left.set_ylim(length / 60, 0)
    left.tick_params(left=False, labelleft=False)
    right.tick_params(left=False, right=True, labelright=True)
    right.yaxis.set_label_position("right")
    right.set_ylabel("minutes")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    _name(left, scenes, least=NAME / height * length / 60)
    return figure


def _stack(axes, counts, colours=None):
    """Draw {name: [count in each second]} side by side, from the left."""
    from matplotlib import colormaps

    minutes = [second / 60 for second in range(len(next(iter(counts.values()))))]
    edges = accumulate(counts.values(), lambda a, b: list(map(add, a, b)))
    before = [0] * len(minutes)
    for number, (name, edge) in enumerate(zip(counts, edges, strict=True)):
        # Without red, which is for what failed, and without grey.
        colour = colours[name] if colours else colormaps["tab20c"](7 * number % 16)
        look = {"color": colour, "linewidth": 0, "label": name}
        there = [a < b for a, b in zip(before, edge, strict=True)]
        axes.fill_betweenx(minutes, before, edge, where=there, step="post", **look)
        before = edge
    axes.set_xlim(left=0)


def _name(axes, scenes, least):
    """Write each scene's name beside its beginning, `least` minutes apart."""
    begin = [second / 60 for _, second in scenes]
    for (name, _), place, beside in zip(
        scenes, begin, apart(begin, least), strict=True
    ):
        axes.annotate(
            name,
            (0, place),
            xytext=(-0.12, beside),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            arrowprops={"arrowstyle": "-", "color": TEXT, "linewidth": 0.4},
            annotation_clip=False,
        )


def apart(places, least):
    """Return the ascending places, moved on until `least` lies between any two."""
    moved = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    return moved


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
