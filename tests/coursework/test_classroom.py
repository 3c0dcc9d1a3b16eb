"""A class is collected at its deadline, and graded with the teacher's own checks."""

import csv
import json
import os
import shutil
import sys

import pytest

from coursework import classroom, starter
from coursework.__main__ import main
from coursework.catalogue import Mistake, choose
from tests.baking import FOLDER, clean_environment, succeed

ANNA = "=Anna <b>"
WHO = ("-c", "user.name=Student", "-c", "user.email=student@example.com")


def commit(folder, day):
    date = f"2026-03-{day:02}T12:00:00+00:00"
    env = clean_environment(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    succeed("git", "init", "--quiet", cwd=folder, env=env)
    succeed("git", "add", "--all", cwd=folder, env=env)
    git = ("git", *WHO, "commit", "--quiet", "--allow-empty", "--message", "Work")
    succeed(*git, cwd=folder, env=env)
    return succeed("git", "rev-parse", "HEAD", cwd=folder, env=env).strip()


def roster(folder, rows):
    path = folder / "roster.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["name", "repository"], *rows])
    return path


def test_each_is_collected_as_it_was_at_the_deadline(tmp_path):
    made = tmp_path / "anna"
    made.mkdir()
    (made / "work.txt").write_text("in time")
    in_time = commit(made, day=1)
    (made / "work.txt").write_text("too late")
    commit(made, day=9)
    path = roster(tmp_path, [[ANNA, made], ["Ben", tmp_path / "nowhere"]])
    anna, ben = classroom.collect(path, "2026-03-05", tmp_path / "class")
    assert (anna.commit, anna.problem) == (in_time, "")
    collected = tmp_path / "class" / anna.folder / "work.txt"
    assert collected.read_text() == "in time"
    assert "nowhere" in ben.problem and "\n" not in ben.problem


def test_who_had_nothing_at_the_deadline_is_told(tmp_path):
    made = tmp_path / "late"
    made.mkdir()
    commit(made, day=9)
    path = roster(tmp_path, [["Late", made]])
    [late] = classroom.collect(path, "2026-03-05", tmp_path / "class")
    assert late.problem == "no commit before 2026-03-05"


@pytest.mark.parametrize("text", [None, "", "name;repository\n", "\ufffe"])
def test_a_roster_that_is_none_is_refused_in_one_line(tmp_path, capsys, text):
    path = tmp_path / "roster.csv"
    if text is not None:
        path.write_text(text, encoding="utf-16")
    assert main(["collect", str(path), "--into", str(tmp_path / "class")]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(path) in line


def test_grading_before_collecting_is_refused(tmp_path):
    graded = classroom.grade(tmp_path, tmp_path, [], "en", 1, ())
    with pytest.raises(Mistake, match="collect first"):
        list(graded)


@pytest.mark.deep
@pytest.mark.minutes(2)
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_a_class_of_three_is_graded(project, template, tmp_path):
    exercise, asking = choose("3,13")
    folders = {name: tmp_path / name for name in ("solved", "stub", "cheat")}
    for folder in folders.values():
        shutil.copytree(template / FOLDER, folder)
    starter.put_stub(folders["stub"], exercise)
    starter.put_stub(folders["cheat"], exercise)
    # Its own clients and its own checks say that all is well.
    (folders["cheat"] / "tests/clients.py").write_text("raise SystemExit(0)\n")
    shutil.rmtree(folders["cheat"] / "lab")
    for folder in folders.values():
        commit(folder, day=1)
    path = roster(tmp_path, [[name, folder] for name, folder in folders.items()])
    into = tmp_path / "class"
    classroom.collect(path, "now", into)
    sandbox = classroom.find_sandbox() if os.getuid() == 0 else ()
    graded = classroom.grade(into, project.path, [exercise, asking], "en", 5, sandbox)
    passed = {who.name: grades[0].passed for who, grades in graded}
    assert passed == {"solved": True, "stub": False, "cheat": False}
    rows = list(csv.DictReader((into / "table.csv").open(encoding="utf-8-sig")))
    assert [row["points"] for row in rows] == ["1", "0", "0"]
    said = json.loads((into / "grades.json").read_text(encoding="utf-8"))
    assert "reads the loan of reader" in said[1]["grades"][0]["said"]
    assert "reads the loan of reader" in said[2]["grades"][0]["said"]
    # The code is there; what is asked follows from the repository's name.
    questions = [each["grades"][1]["said"] for each in said]
    assert all("your own question" in each for each in questions)


def test_a_name_is_no_formula_and_no_html(tmp_path):
    student = classroom.Student(ANNA, "r", "anna", commit="c" * 40)
    grades = [classroom.Grade("03", False, "<script>", 0)]
    classroom._write_table(tmp_path, choose("3"), [(student, grades)])
    assert f"'{ANNA}" in (tmp_path / "table.csv").read_text(encoding="utf-8-sig")
    page = (tmp_path / "class.html").read_text(encoding="utf-8")
    assert "<b>" not in page and "<script>" not in page
