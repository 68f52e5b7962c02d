"""Every seeded change has its headline, and the documentation shows the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.review import seeded


@pytest.mark.parametrize("change", seeded.CHANGES, ids=lambda change: change.name)
def test_the_first_line_is_the_fact_that_matters(change: seeded.Seeded, tmp_path: Path) -> None:
    assert change.first_line(tmp_path) == change.headline


def test_the_documented_headlines_are_those_of_the_tests() -> None:
    assert seeded.PAGE.read_text(encoding="utf-8") == seeded.page(), "python -m tests.review.seeded writes it"
