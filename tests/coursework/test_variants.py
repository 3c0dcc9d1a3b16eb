"""A question is a student's own: the teacher's roster and the clone name the same."""

import pytest

from coursework.catalogue import read_course
from coursework.student.variants import name_here, name_of, number
from tests.baking import succeed

ADDRESSES = [
    "https://github.com/Anna/Library.git",
    "https://github.com/anna/library/",
    "git@github.com:anna/library.git\n",
    "ssh://git@github.com/anna/library",
    "/srv/git/anna/library",
    "C:\\git\\anna\\library",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_repository_has_one_name_however_it_is_written(address):
    assert name_of(address) == "anna/library"


def test_a_clone_has_the_name_of_its_origin(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    succeed("git", "init", "--quiet", cwd=tmp_path)
    assert name_here(tmp_path) == "" == number("06", "")
    succeed("git", "remote", "add", "origin", ADDRESSES[2].strip(), cwd=tmp_path)
    assert name_here(tmp_path) == "anna/library"
    monkeypatch.setenv("GITHUB_REPOSITORY", "Ben/Library")
    assert name_here(tmp_path) == "ben/library"


def test_a_class_has_many_questions_in_three_exercises_at_least():
    asking = [each.id for each in read_course() if each.answers]
    assert len(asking) >= 3
    for exercise in asking:
        asked = {int(number(exercise, f"s{n}/library")) % 6 for n in range(30)}
        assert len(asked) == 6


def test_who_copies_all_answers_is_asked_something_else_at_least_once():
    asking = [each.id for each in read_course() if each.answers]
    anna, ben = ([number(e, f"{who}/library") for e in asking] for who in ("a", "b"))
    assert any(int(one) % 6 != int(other) % 6 for one, other in zip(anna, ben))
