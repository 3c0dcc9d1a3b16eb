"""Every exercise is whole: both languages, three hints, and its wrong solutions."""

import tomllib
from string import Formatter

import pytest

from coursework import starter
from coursework.catalogue import LANGUAGES, Mistake, choose, read_course
from tests.baking import FOLDER, ROOT

COURSE = read_course()
WORDS = tomllib.loads(
    (ROOT / "coursework/student/words.toml").read_text(encoding="utf-8")
)


def sentences(exercise):
    text = (exercise.folder / "sentences.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def filled_in(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.fixture(params=COURSE, ids=lambda exercise: exercise.id)
def exercise(request):
    return request.param


def test_it_has_a_task_and_three_hints_in_both_languages(exercise):
    for language in LANGUAGES:
        task, hints = exercise.text(language)
        assert task.startswith(f"# {int(exercise.id)}. {exercise.title[language]}")
        assert len(hints) == 3
    assert exercise.text("en") != exercise.text("ko")


def test_it_has_three_wrong_solutions_at_least(exercise):
    assert len(exercise.wrong_solutions()) > 3
    assert set(exercise.wrong.values()) <= sentences(exercise).keys()
    said = sentences(exercise) if exercise.naive.exists() else ["not_begun"]
    assert exercise.stub in said


def test_each_sentence_of_its_check_is_there_and_no_other(exercise):
    check = (exercise.folder / "check.py").read_text(encoding="utf-8")
    for key, said in sentences(exercise).items():
        assert f'"{key}"' in check, key
        assert said.keys() == set(LANGUAGES)
    assert not sentences(exercise).keys() & WORDS.keys()


@pytest.mark.parametrize("words", [WORDS, *map(sentences, COURSE)])
def test_a_sentence_is_filled_in_alike_in_both_languages(words):
    for key, said in words.items():
        assert filled_in(said["en"]) == filled_in(said["ko"]), key


def test_stub_and_wrong_solutions_fit_the_real_code(exercise, template, tmp_path):
    texts = {name: read(template / FOLDER, name) for name in exercise.files}
    cut = set()
    for put in [None, *exercise.wrong_solutions().values()]:
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        if put is None:
            starter.put_stub(tmp_path, exercise)
        else:
            starter.put(tmp_path, exercise, put)
        code = tuple(read(tmp_path, name) for name in exercise.files)
        if exercise.file.endswith(".py"):
            compile(code[0], exercise.file, "exec")
        cut.add(code)
    assert tuple(texts.values()) not in cut
    assert len(cut) == len(exercise.wrong_solutions()) + 1


@pytest.mark.parametrize(
    ("numbers", "ids"), [("1-3", "01 02 03"), ("2,4", "02 04"), ("8", "08")]
)
def test_exercises_are_chosen_by_number(numbers, ids):
    assert [each.id for each in choose(numbers)] == ids.split()


@pytest.mark.parametrize("numbers", ["99", "1-99", "one", "", "3-2", "1,,2"])
def test_a_number_that_is_not_there_is_refused_in_one_line(numbers):
    with pytest.raises(Mistake, match="--exercises") as refusal:
        choose(numbers)
    assert "\n" not in str(refusal.value)
