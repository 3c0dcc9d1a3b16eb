"""The walkthrough's checks of exercises 2.1 and 3.1 tell right from wrong."""

import shutil

import pytest

from tests.baking import BakedProject

# Each solution: pieces of a file, and what takes their places.
FIELDS = ("books/documents.py", 'TAG_FIELDS = ("tag_id", "name")')
SHOWN = (*FIELDS, 'TAG_FIELDS = ("tag_id", "name", "n_books")')
ROWS = ("books/documents.py", 'tags.annotate(tag_id=F("pk")).values(*TAG_FIELDS)')
DEPENDS = ("books/views.py", 'Cached("tags:list", Table("tags"),')
COUNT = "from django.db.models import Count, F, QuerySet"
COUNTED = [
    SHOWN,
    ("books/documents.py", "from django.db.models import F, QuerySet", COUNT),
    (*ROWS, ROWS[1].replace(")).v", '), n_books=Count("books")).v')),
]
LIST = "page = self.paginate_queryset(documents.tag_rows(self.get_queryset()))\n"
ONE_BY_ONE = (
    "        for row in page or []:\n"
    '            row["n_books"] = Tag.books.through.objects.filter(\n'
    '                tag_id=row["tag_id"]\n            ).count()\n'
)
BOTH = (*DEPENDS, 'Cached("tags:list", Table("tags"), Table("books"),')
ROW = 'Cached("tags:list", Table("tags"), Selection("books", "tag_id"),'

QUERY = ("books/queries.py", '    author: str = filters("author__icontains")\n')
FIELD = ("books/queries.py", "    tag = TagIdsField(\n")
VALID = "    publisher = TextField(required=False, max_length=255)\n"
ACCEPTED = (*FIELD, VALID + FIELD[1])
SELECTOR = ("books/selectors.py", "    books = Book.objects.all()\n")
BY_HAND = "    if query.publisher:\n        {}\n"
FILTERED = BY_HAND.format("books = books.filter(publisher=query.publisher)")


def declared(text):
    return [ACCEPTED, (*QUERY, f"{QUERY[1]}    publisher: str = {text}\n")]


SOLUTIONS = {
    "tag_counts": {
        "right": ([*COUNTED, BOTH], ""),
        "only_counted": (COUNTED, "GET /tags is stale after a new book"),
        "rows_of_books": (
            [*COUNTED, (*DEPENDS, ROW)],
            "GET /tags is stale after a book that loses its tags",
        ),
        "one_by_one": (
            [("books/views.py", LIST, LIST + ONE_BY_ONE), BOTH],
            "counted by a query of their own",
        ),
    },
    "publisher": {
        "right": (declared('filters("publisher")'), ""),
        "not_begun": ([], "publisher=Dover shows books of others"),
        "not_declared": (
            [*declared('""'), (*SELECTOR, SELECTOR[1] + FILTERED)],
            "the count is 12: that of all books",
        ),
        "not_in_the_query": ([ACCEPTED], "unexpected keyword argument 'publisher'"),
        "any_case": (
            declared('filters("publisher__iexact")'),
            "publisher=Dover shows books of others",
        ),
    },
}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("check", "solution"),
    [(check, solution) for check, given in SOLUTIONS.items() for solution in given],
)
def test_a_solution_is_told_right_or_wrong(project, tmp_path, check, solution):
    changes, sentence = SOLUTIONS[check][solution]
    copy = BakedProject(tmp_path / "library-api")
    left = shutil.ignore_patterns(".venv", "build", "__pycache__")
    shutil.copytree(project.path, copy.path, ignore=left)
    for name, old, new in changes:
        assert copy.read(name).count(old) == 1, old
        changed = copy.read(name).replace(old, new)
        (copy.path / name).write_text(changed, encoding="utf-8")
    python = project.path / ".venv/bin/python"
    done = copy.try_to_run(python, "-m", "pytest", f"lab/exercises/{check}.py")
    assert sentence in done.stdout, done.stdout
    assert (done.returncode == 0) == (sentence == ""), done.stdout
