"""The plots: for colour-blind readers, too.

Every colour has enough contrast with white and with black (WCAG: 3 to 1). Strategies
also differ in markers and dashes.
"""

from lab.benchmarks.ladder import LADDER, TITLES
from lab.harness.plots import SETTINGS

# As different as possible for people who see no red or no green.
GREY, BLUE, GREEN, RED, PURPLE = "#7f7f7f", "#3c87d2", "#69965a", "#c30f1e", "#785af0"
COLOURS = (GREY, BLUE, GREEN, RED, PURPLE)
STYLES = {
    "per-book": (GREY, "v", ":"),
    "prefetched": (GREY, "^", "-"),
    "ttl": (PURPLE, "s", ":"),
    "flush": (RED, "X", "-"),
    "flush-reader": (RED, "x", ":"),
    "cache-page": (PURPLE, "P", "--"),
    "cacheops": (GREEN, "d", "--"),
    "cachalot": (GREEN, "o", ":"),
    "generation": (BLUE, "h", "--"),
    "ours": (BLUE, "*", "-"),
    "baseline-bare": (GREY, "|", ":"),
    "baseline-token": (GREY, "|", ":"),
    "baseline-reader": (GREY, "|", ":"),
    "baseline-redis": (GREY, "|", ":"),
}
SERIES = (
    (BLUE, "o", "-"),
    (GREEN, "s", "--"),
    (RED, "D", ":"),
    (PURPLE, "^", "-."),
    (GREY, "v", (0, (6, 2, 1, 2, 1, 2))),
    (RED, "*", (0, (8, 3))),
)


def draw(results, folder):
    """Draw the plots that the results allow into the folder; return their names."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = []
    with matplotlib.rc_context(SETTINGS):
        for name, plot in PLOTS.items():
            if not results.find(name):
                continue
            figure = plot(pyplot, results)
            file = f"{name}.svg"
            figure.savefig(folder / file, transparent=True, metadata={"Date": None})
            pyplot.close(figure)
            names.append(file)
    return names


def _dots(question, figure, key, label, *, largest=""):
    """Return a plot with a row for each strategy and a dot for each value of `key`.

    `largest` names another key of the cases; only its largest value is drawn.
    """

    def plot(pyplot, results):
        case = {largest: max(results.values(question, largest))} if largest else {}
        names = results.strategies(question)[::-1]
        height = 1.3 + 0.34 * len(names)
        drawn, axes = pyplot.subplots(figsize=(9, height), layout="constrained")
        for (colour, marker, _), value in zip(SERIES, results.values(question, key)):
            for row, name in enumerate(names):
                found = results.figure(figure, question, name, **case | {key: value})
                if found:
                    spread = [[found.median - found.low], [found.high - found.median]]
                    axes.errorbar(
                        found.median, row, xerr=spread, fmt=marker, color=colour
                    )
            axes.plot([], [], marker, color=colour, label=f"{value:,} {key}")
        axes.set_xscale("log")
        axes.set_xlabel(label)
        axes.set_yticks(range(len(names)), [TITLES[name] for name in names])
        for tick, name in zip(axes.get_yticklabels(), names):
            tick.set_fontweight("bold" if name == "ours" else "normal")
        _plain_numbers(axes.xaxis)
        drawn.legend(loc="outside upper right", ncols=5)
        return drawn

    return plot


def _lines(question, key, panels, label, *, logarithmic):
    """Return a plot with a panel for each figure and a line for each strategy.

    `panels` are {figure: (title, scale)}.
    """

    def plot(pyplot, results):
        drawn, row = pyplot.subplots(
            1, len(panels), figsize=(4.6 * len(panels), 4.6), layout="constrained"
        )
        row = [row] if len(panels) == 1 else list(row)
        for axes, (figure, (title, scale)) in zip(row, panels.items()):
            for name in results.strategies(question):
                colour, marker, dashes = STYLES[name]
                points = _points(results, figure, question, name, key)
                width = 2.6 if name == "ours" else None
                size = 11 if name == "ours" else 6
                axes.plot(
                    *points,
                    dashes,
                    color=colour,
                    marker=marker,
                    linewidth=width,
                    markersize=size,
                    label=TITLES[name],
                )
            axes.set_title(title)
            axes.set_xlabel(label)
            _scale(axes, scale, logarithmic, results.values(question, key))
        handles = row[0].get_legend_handles_labels()
        drawn.legend(*handles, loc="outside lower center", ncols=3)
        return drawn

    return plot


def _points(results, figure, question, name, key, **case):
    values = sorted(results.values(question, key))
    heights = [
        results.median(figure, question, name, **case | {key: value})
        for value in values
    ]
    return zip(*((v, h) for v, h in zip(values, heights) if h is not None))


def _scale(axes, scale, logarithmic, ticks):
    if logarithmic:
        axes.set_xscale("log")
    axes.set_yscale(scale)
    axes.minorticks_off()
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    _plain_numbers(axes.yaxis)
    if scale != "log":
        axes.set_ylim(bottom=0)


def _plain_numbers(axis):
    axis.set_major_formatter(lambda value, place: f"{value:,.10g}")


def _growth(pyplot, results):
    kinds, sizes = results.values("growth", "kept"), results.values("growth", "books")
    drawn, row = pyplot.subplots(
        1,
        len(kinds),
        figsize=(9, 4.6),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axes, kept in zip(row[0], kinds):
        looks = zip(SERIES, results.values("growth", "page"))
        for (colour, marker, dashes), page in looks:
            case = {"page": page, "kept": kept}
            points = _points(results, "p50_ms", "growth", "ours", "books", **case)
            look = {"color": colour, "marker": marker, "linestyle": dashes}
            axes.plot(*points, **look, label=page)
        axes.set_title(f"ms a page, p50; {kept} kept")
        axes.set_xlabel("books in PostgreSQL")
        _scale(axes, "log", True, sorted(sizes))
    handles = row[0][0].get_legend_handles_labels()
    drawn.legend(*handles, loc="outside lower center", ncols=3)
    return drawn


PLOTS = {
    "hits": _dots("hits", "p50_ms", "books", "ms a hit, p50"),
    "misses": _dots("misses", "p50_ms", "books", "ms a miss, p50"),
    "throughput": _dots(
        "throughput",
        "per_second",
        "clients",
        "hits a second, on the largest page",
        largest="books",
    ),
    "writes": _lines(
        "writes",
        "keys",
        {
            "write_ms": ("ms a write", "log"),
            "blocked_ms": ("longest wait of another client, ms", "log"),
        },
        "keys in Redis",
        logarithmic=True,
    ),
    "crowd": _dots("crowd", "last_ms", "readers", "ms until the last has its answer"),
    "mixed": _lines(
        "mixed",
        "writes",
        {
            "per_second": ("requests a second", "linear"),
            "hit_ratio": ("share of hits", "linear"),
            "stale_per_10000": ("stale answers in 10,000 reads", "symlog"),
        },
        "writes in a hundred requests",
        logarithmic=False,
    ),
    "growth": _growth,
}
assert set(LADDER) <= set(STYLES)
