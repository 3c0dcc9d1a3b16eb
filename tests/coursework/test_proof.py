"""The grader tells right from wrong, and says why: see coursework/proof.py."""

import shutil

import pytest

from coursework import cutting, proof
from coursework.catalogue import read_course
from tests.baking import BakedProject

# What a student may write who follows the task and the docstrings, and nothing else.
STUDENTS_OWN = """
@transaction.atomic
def borrow(*, reader: User, book_id: int, quantity: int) -> Loan:
    _check_limit(reader, quantity)
    book = lock_book(book_id)
    if quantity > book.stock:
        raise Conflict("Too few copies are left.")
    loan = Loan.objects.create(user=reader, book=book, quantity=quantity)
    book.stock -= quantity
    book.save(update_fields=["stock"])
    return loan


@transaction.atomic
def give_back(*, loans: QuerySet[Loan], loan_id: int) -> Loan:
    loan = get_object_or_404(loans.select_for_update(of=("self",)), pk=loan_id)
    if loan.is_returned:
        raise Conflict("Somebody was faster.")
    loan.is_returned, loan.returned_at = True, timezone.now()
    loan.save(update_fields=["is_returned", "returned_at"])
    book = lock_book(loan.book_id)
    book.stock += loan.quantity
    book.save(update_fields=["stock"])
    return loan
"""
TESTED_BY = ("test_loans", "test_metrics", "test_cache_invalidation")


@pytest.fixture
def copy(project, tmp_path):
    """The set-up project, to be changed."""
    folder = tmp_path / "library-api"
    left = shutil.ignore_patterns(".venv", "build", "__pycache__")
    shutil.copytree(project.path, folder, ignore=left)
    (folder / ".venv").symlink_to(project.path / ".venv")
    return BakedProject(folder)


@pytest.mark.deep
@pytest.mark.minutes(2)
@pytest.mark.parametrize("exercise", read_course(), ids=lambda exercise: exercise.id)
def test_an_exercise_is_proved(exercise, copy):
    proved = proof.prove(copy.path, [exercise], "en")
    wrong = [each for each in proved if not each.holds]
    assert not wrong


@pytest.mark.deep
def test_a_students_own_loans_pass_the_projects_tests(copy):
    """What neither the task nor the check asks for, no test may ask for."""
    file = copy.path / "loans/services.py"
    code = cutting.replace(
        file.read_text(encoding="utf-8"), STUDENTS_OWN, ("borrow", "give_back")
    )
    file.write_text(code, encoding="utf-8")
    tests = [f"tests/{name}.py" for name in TESTED_BY]
    command = (".venv/bin/python", "-m", "pytest", "-q", "-n", "0")
    copy.run(*command, "-k", "loan or borrow", *tests)
