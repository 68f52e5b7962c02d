"""The command on AWS: an environment is planned without what a person makes, which is refused by name."""

from __future__ import annotations

import json

import pytest

from tests.gate.mini_project import Mini

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

STACKS = """
stack("prod-delivery", {"terraform_data": {"role": {"input": COLOUR}}})
stack("prod-web", {"terraform_data": {"page": {"input": COLOUR}}})
"""


def test_an_environment_on_aws_is_planned_without_what_a_person_makes(mini: Mini) -> None:
    (mini.root / "stacks.py").write_text(STACKS)
    mini.edit("environments/prod.yaml", '"333333333333"', '"432109876543"')
    mini.edit("environments/prod.yaml", '"666666666666"', '"543210987654"')
    mini.commit()
    planned = mini.gw("plan", "make", "prod", environ={"COLUMNS": "200"})
    assert planned.returncode == 0, planned.stderr
    (row,) = [line for line in planned.stdout.splitlines() if "prod-delivery" in line]
    assert "left out" in row
    assert "a person applies it: gw bootstrap prod --update" in row
    index = json.loads(mini.plans.read_text())
    assert [row["stack"] for row in index["bundles"]] == ["prod-web"]
    assert index["waiting"] == []

    diff = mini.gw("diff", "prod", "--json")
    assert {row["stack"]: row["status"] for row in json.loads(diff.stdout)}["prod-delivery"] == "change", diff.stderr
    drift = mini.gw("drift", "prod", "--json")
    assert "prod-delivery" in {row["stack"] for row in json.loads(drift.stdout)}, drift.stderr

    refused = mini.gw("deploy", "prod-delivery", "--approved", str(mini.plans))
    assert refused.returncode == 2
    assert "gw bootstrap prod --update" in refused.stderr


@pytest.mark.parametrize("words", [("plan", "make", "prod-delivery"), ("plan", "make", "--destroy", "prod-delivery")])
def test_by_its_name_it_is_refused_before_anything_is_planned(mini: Mini, words: tuple[str, ...]) -> None:
    refused = mini.gw(*words)
    assert refused.returncode == 2
    assert "prod-delivery is made by a person" in refused.stderr
    assert ("gw destroy" if "--destroy" in words else "gw bootstrap prod --update") in refused.stderr
    assert not mini.plans.exists()
