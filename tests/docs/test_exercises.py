"""Each exercise of the walkthrough says how to know that it is solved, and when not."""

import re

import pytest

from docs.tools import DOCS, name_of, pages

HEADINGS = {"en": "## Exercises", "ko": "## 연습 문제"}
SOLVED = {"en": "*Solved when*", "ko": "*성공입니다*"}
WRONG = {"en": "*Tempting and wrong:*", "ko": "*그럴듯한 오답:*"}
ITEM = re.compile(r"^\d\. .*(?:\n   .*)*", re.MULTILINE)


def exercises():
    for language, heading in HEADINGS.items():
        for page in pages(language):
            _, found, text = page.read_text("utf-8").partition(f"\n{heading}\n")
            for number, item in enumerate(ITEM.findall(text), 1):
                place = f"{language}/{name_of(page)} {number}"
                yield pytest.param(language, " ".join(item.split()), id=place)


@pytest.mark.parametrize(("language", "item"), list(exercises()))
def test_an_exercise_names_a_command_and_a_wrong_answer(language, item):
    solved, _, wrong = item.partition(WRONG[language])
    assert SOLVED[language] in solved, item
    assert "`" in solved, "no command, and nothing that it prints"
    assert wrong.strip(), "no wrong answer that it finds"


def test_each_chapter_has_three_in_both_languages():
    chapters = sorted(DOCS.glob("*/walkthrough/*.md"))
    assert len(list(exercises())) == 3 * len(chapters)
