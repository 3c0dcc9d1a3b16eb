"""pytest's output is read correctly."""

import pytest

from tests.foreign import said

GOOD = """
=== The tests on SQLite ===
=========================== short test summary info ============================
SKIPPED [12] tests/test_indexes.py:27: servers run PostgreSQL
================= 1362 passed, 12 skipped in 302.75s (0:05:02) =================
=== The tests on PostgreSQL ===
SKIPPED [1] tests/test_oracle.py:7: long: run without --quick
=================== 628 passed, 1 skipped in 19.19s ===================
=== The tests of the lab ===
============================= 227 passed in 150.02s ============================
"""


def test_the_tests_of_each_run_are_counted():
    counted = "1362 passed and 12 skipped on SQLite, "
    counted += "628 passed and 1 skipped on PostgreSQL, "
    counted += "227 passed and 0 skipped in the lab"
    assert said.check(GOOD, said.LONG) == counted


def test_what_the_wheels_lack_is_expected_by_its_reason_alone():
    reason = said.NO_TRIGRAMS.removeprefix("left out: ")
    good = GOOD.replace(said.LONG, said.NO_TRIGRAMS)
    good += f"LEFT OUT, 11 tests: {reason}\n"
    assert said.check(good, said.NO_TRIGRAMS)
    with pytest.raises(AssertionError):
        said.check(good + "LEFT OUT, 3 tests: no Redis\n", said.NO_TRIGRAMS)


@pytest.mark.parametrize(
    "bad",
    [
        GOOD,  # a reason that is not expected
        GOOD.replace(said.LONG, "no redis-server here"),
        GOOD.replace("628 passed", "2 failed, 626 passed"),
        GOOD.replace("628 passed", "628 passed, 36 errors"),
        GOOD.partition("=== The tests on PostgreSQL")[0],
        GOOD.partition("=== The tests of the lab")[0],
        GOOD + "LEFT OUT, all tests on PostgreSQL: no PostgreSQL: install it\n",
        "",
    ],
)
def test_what_failed_or_was_left_out_is_no_success(bad):
    expected = [] if bad == GOOD else [said.LONG]
    with pytest.raises(AssertionError):
        said.check(bad, *expected)
