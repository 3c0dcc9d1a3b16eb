"""The tables of the report, for each question."""

from lab.benchmarks import targets
from lab.benchmarks.ladder import TITLES


def table(head, rows):
    """Return a Markdown table; all columns but the first are numbers."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def number(value, digits=3):
    """Return a number with `digits` significant digits, or a dash for None."""
    if value is None:
        return "–"
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{float(f'{value:.{digits}g}'):,.10g}"


def spread(found):
    """Return a median with its least and greatest value, or a dash for None."""
    if found is None:
        return "–"
    if found.low == found.high:
        return number(found.median)
    return f"{number(found.median)} ({number(found.low)}–{number(found.high)})"


def _times(question, last, *names):
    """Return a function that yields a table for each page size.

    `last` is its last column, `names` are the baselines of its multiples.
    """
    titles = {"baselines": "× baseline", "bares": "× bare baseline"}

    def tables(results):
        for books in results.values(question, "books"):
            head = [f"{books} books"]
            for figure in ("CPU ms", "p50 ms"):
                head += [figure, *(titles[name] for name in names)]
            head += ["p95", "p99", "of", last]
            rows = [
                _time_row(results, question, strategy, books, last, names)
                for strategy in results.strategies(question)
            ]
            yield table(head, rows)

    return tables


def _time_row(results, question, strategy, books, last, names):
    where = (question, strategy)
    row = [TITLES[strategy]]
    for figure in ("cpu", "p50"):
        row.append(spread(results.figure(f"{figure}_ms", *where, books=books)))
        for name in names:
            multiple = results.median(f"{figure}_{name}", *where, books=books)
            row.append(number(multiple))
    row += [number(results.rare(each, *where, books=books)) for each in (95, 99)]
    row.append(number(len(results.samples(*where, books=books))))
    row.append(number(results.median(last.partition(" ")[0], *where, books=books)))
    return row


def _throughput(results):
    for books in results.values("throughput", "books"):
        clients = results.values("throughput", "clients")
        head = [f"{books} books, requests a second"]
        for many in clients:
            head += [f"{many} client(s)", "share of the baseline"]
        rows = []
        for name in results.strategies("throughput"):
            row = [TITLES[name]]
            for many in clients:
                case = {"books": books, "clients": many}
                found = results.figure("per_second", "throughput", name, **case)
                share = results.median("baseline_share", "throughput", name, **case)
                row += [spread(found), number(share, 2)]
            rows.append(row)
        yield table(head, rows)


def _by(question, key, figures, multiple):
    """Return a function that yields a table for each figure.

    It has a column for each value of `key`. `multiple` is a function that returns the
    number after the sign ×, or None.
    """

    def tables(results):
        for figure, title in figures.items():
            values = results.values(question, key)
            head = (title, *(f"{value:,}" for value in values))
            rows = []
            for name in results.strategies(question):
                cells = []
                for value in values:
                    case = {key: value}
                    cell = spread(results.figure(figure, question, name, **case))
                    share = multiple(results, figure, question, name, **case)
                    cells.append(f"{cell} × {number(share, 2)}" if share else cell)
                rows.append((TITLES[name], *cells))
            yield table(head, rows)

    return tables


def _without_cache(results, figure, question, name, **case):
    return targets.ratio(results, figure, question, name, "prefetched", **case)


def _beside(results, figure, question, name, **case):
    baselines = figure.replace("_ms", "_baselines")
    return results.median(baselines, question, name, **case)


def _plain(question, figures):
    """Return a function that yields one table, with a column for each figure."""

    def tables(results):
        rows = [
            (
                TITLES[name],
                *(spread(results.figure(f, question, name)) for f in figures),
            )
            for name in results.strategies(question)
        ]
        yield table(("", *figures.values()), rows)

    return tables


def _growth(results):
    for kept in results.values("growth", "kept"):
        yield _growth_table(results, f"p50 ms, {kept} kept", "p50_ms", kept)
        title = f"× the baseline (× the same with the fewest), {kept} kept"
        yield _growth_table(results, title, "p50_baselines", kept)


def _growth_table(results, title, figure, kept):
    sizes, rows = results.values("growth", "books"), []
    for page in results.values("growth", "page"):
        found = [
            results.figure(figure, "growth", "ours", books=books, page=page, kept=kept)
            for books in sizes
        ]
        if figure.endswith("_ms"):
            rows.append([page, *map(spread, found)])
        else:
            rows.append([page, *(_times_first(each, found[0]) for each in found)])
    return table([title, *(f"{books:,} books" for books in sizes)], rows)


def _times_first(found, first):
    if not found or not first:
        return "–"
    return f"{number(found.median)} (× {number(found.median / first.median, 2)})"


def _mixed(results):
    yield from _by("mixed", "writes", MIXED, _without_cache)(results)
    shares = results.values("mixed", "writes")
    rows = [
        (TITLES[name], *(_sums(results, name, writes=share) for share in shares))
        for name in results.strategies("mixed")
    ]
    yield table((STALE, *map(str, shares)), rows)


def _sums(results, name, **case):
    stale, reads, writes = (
        targets.total(results, figure, name, "mixed", **case)
        for figure in ("stale", "reads", "writes")
    )
    return f"{stale:,} of {reads:,}, {writes:,}"


def _races(results):
    rows = [
        (
            TITLES[name],
            number(targets.total(results, "stale", name, "races")),
            number(targets.total(results, "reads", name, "races")),
        )
        for name in results.strategies("races")
    ]
    yield table(("", "old list stored", "of slow readers"), rows)


STALE = "stale of reads, and writes, in all rounds"
MIXED = {
    "per_second": "requests a second (× no cache); columns: writes in 100 requests",
    "hit_ratio": "share of reads answered from the cache",
    "stale_per_10000": "stale answers in 10,000 reads",
}
TABLES = {
    "hits": _times("hits", "bytes sent", "baselines", "bares"),
    "misses": _times("misses", "queries", "baselines"),
    "throughput": _throughput,
    "writes": _by(
        "writes",
        "keys",
        {
            "write_ms": "ms a write (× one without a cache); columns: keys in Redis",
            "blocked_ms": "longest wait of another client, ms (× the same without a "
            "cache); columns: keys in Redis",
        },
        _beside,
    ),
    "crowd": _plain(
        "crowd",
        {
            "computed": "readers that queried the database",
            "stale": "readers shown the old list",
            "last_ms": "last answer after, ms",
            "last_baselines": "× baseline",
        },
    ),
    "races": _races,
    "mixed": _mixed,
    "memory": _plain(
        "memory",
        {
            "bytes_each": "bytes in Redis for an answer",
            "by_answer": "× the answer's own bytes",
            "keys_each": "keys for an answer",
        },
    ),
    "growth": _growth,
}
