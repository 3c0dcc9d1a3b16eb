"""Reads course.toml and the exercises' folders."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
LANGUAGES = ("en", "ko")
HINT = "\n## "


class Mistake(Exception):
    """Something is wrong in an exercise, or in what was asked for; one line."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: a row of course.toml, and the folder of its files."""

    id: str
    name: str
    week: int
    points: int
    needs: tuple[str, ...]
    file: str
    symbols: tuple[str, ...]
    databases: tuple[str, ...]
    wrong: dict[str, str]
    title: dict[str, str]
    # The sentence of the naive stub. Without such a file, the stub does nothing.
    stub: str = "not_begun"
    # Files that a solution may change beside `file`.
    also: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that a solution may change."""
        return (self.file, *self.also)

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return HERE / "exercises" / f"{self.id}-{self.name}"

    @property
    def naive(self) -> Path:
        """The file, or the folder of files, of a naive stub; it need not be there."""
        whole = self.folder / "stub"
        return whole if whole.is_dir() else whole.with_suffix(Path(self.file).suffix)

    @property
    def answers(self) -> list[list[object]]:
        """Right answers to the first questions that are each student's own, if any."""
        path = self.folder / "answers.toml"
        if not path.exists():
            return []
        answers: list[list[object]] = tomllib.loads(path.read_text("utf-8"))["right"]
        return answers

    def text(self, language: str) -> tuple[str, list[str]]:
        """Return the task and the three hints, in Markdown. Raises Mistake."""
        whole = (self.folder / f"{language}.md").read_text(encoding="utf-8")
        task, *hints = whole.split(HINT)
        if len(hints) != 3:
            raise Mistake(f"{self.folder.name}/{language}.md: three hints, please")
        return task.rstrip() + "\n", [f"## {hint.strip()}\n" for hint in hints]

    def wrong_solutions(self) -> dict[str, Path]:
        """Return the files of its wrong solutions, by name."""
        found = {path.stem: path for path in sorted((self.folder / "wrong").iterdir())}
        if found.keys() != self.wrong.keys() | {"memorised"}:
            raise Mistake(f"{self.folder.name}/wrong and course.toml tell of others")
        return found


def read_course() -> list[Exercise]:
    """Return all exercises, in order."""
    course = tomllib.loads((HERE / "course.toml").read_text(encoding="utf-8"))
    return [_exercise(row) for row in course["exercise"]]


def _exercise(row: dict) -> Exercise:
    several = ("needs", "symbols", "databases", "also")
    lists = {name: tuple(row.get(name, ())) for name in several}
    return Exercise(**(row | lists))


def choose(numbers: str) -> list[Exercise]:
    """Return the exercises that a text like `1-4,7` names. Raises Mistake."""
    course = {int(each.id): each for each in read_course()}
    chosen = []
    for part in numbers.split(","):
        first, _, last = part.partition("-")
        try:
            asked = range(int(first), int(last or first) + 1)
        except ValueError:
            raise Mistake(f"--exercises {numbers}: write 1-4,7") from None
        missing = [str(number) for number in asked if number not in course]
        if missing or not asked:
            raise Mistake(
                f"--exercises {numbers}: there are {', '.join(map(str, course))}; "
                f"no {', '.join(missing) or part}"
            )
        chosen += [course[number] for number in asked]
    return chosen
