"""A way as a person reads it: a line for each step, a column for everybody."""

HEADINGS = ("writer 1", "writer 2", "reader 1", "reader 2", "world")


def draw(way):
    """Yield the lines of a table of the Moves of a way, if there are any."""
    if not way:
        return
    people = [name for name in HEADINGS if any(move.who == name for move in way)]
    width = {
        name: max(len(name), *(len(move.does) for move in way if move.who == name)) + 2
        for name in people
    }
    yield "      " + "".join(name.ljust(width[name]) for name in people).rstrip()
    for number, move in enumerate(way, 1):
        cells = (move.does if move.who == name else "" for name in people)
        line = "".join(cell.ljust(width[name]) for name, cell in zip(people, cells))
        yield f"{number:4}  {line}".rstrip()
