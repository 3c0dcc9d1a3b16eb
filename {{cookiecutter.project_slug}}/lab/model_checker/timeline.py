"""Draws a trace: a line for each move, a column for each writer and reader."""

HEADINGS = ("writer 1", "writer 2", "reader 1", "reader 2", "world")


def draw(trace):
    """Yield the lines of the table of these Moves; none without a Move."""
    if not trace:
        return
    people = [name for name in HEADINGS if any(move.who == name for move in trace)]
    width = {
        name: max(len(name), *(len(move.does) for move in trace if move.who == name))
        + 2
        for name in people
    }
    yield "      " + "".join(name.ljust(width[name]) for name in people).rstrip()
    for number, move in enumerate(trace, 1):
        cells = (move.does if move.who == name else "" for name in people)
        line = "".join(cell.ljust(width[name]) for name, cell in zip(people, cells))
        yield f"{number:4}  {line}".rstrip()
