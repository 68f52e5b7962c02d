"""Every change that is seeded into this repository's stacks has its headline, and a finding names the author's line."""

from __future__ import annotations

import pytest

from groundwork.review.model import Severity
from groundwork.review.render import summary
from tests.review.real_changes import RealStacks
from tests.review.real_seeds import SEEDS, RealSeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real stacks")]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_the_first_line_is_the_fact_and_its_line_the_author_s(stacks: RealStacks, seed: RealSeed) -> None:
    base = stacks.change(seed.before) if seed.before else stacks.base
    head = stacks.change(seed.edits, on=base)
    review = stacks.review(head, base=base)
    assert summary.verdict(review).title.removeprefix("dev: ") == seed.headline
    severe = {risk.severity for risk in review.risks} - {Severity.LOW}
    assert bool(severe) is not seed.is_quiet
    for group in summary.risk_groups(review):
        assert stacks.is_of_change(group.origin[0], head, base=base), group.sentence
