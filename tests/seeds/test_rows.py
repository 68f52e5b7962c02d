"""Every row of the seeds has a test that proves it, or is listed as open."""

from __future__ import annotations

from tests.seeds.table import PAGE, Rows, marked, page


def test_every_row_is_proven_by_a_test_or_open() -> None:
    rows, tests = Rows.read(), marked()
    assert set(rows.proven) - set(tests) == set(), "no test names these rows"
    assert set(rows.open) & set(tests) == set(), "these rows have tests, so they are not open"
    assert set(tests) - set(rows.proven) == set(), "tests name rows that rows.toml does not have"


def test_the_page_shows_the_tests_of_every_row() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.seeds.table"


def test_every_row_belongs_to_a_seed() -> None:
    rows = Rows.read()
    assert {row.partition(".")[0] for row in (*rows.proven, *rows.open)} == set(rows.seeds)
