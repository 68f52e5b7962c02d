"""On AWS, the pipeline's commands leave bootstrap stacks out and refuse them by name."""

from __future__ import annotations

import json
from subprocess import CompletedProcess

import pytest

from tests.gate.gated_project import GatedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


@pytest.fixture
def prod(project: GatedProject) -> GatedProject:
    """The project with `prod-delivery`, a bootstrap stack, and `prod-web`; commands reach the embedded AWS."""
    project.stack("delivery", {"role": {"input": "blue"}}, environment="prod")
    project.stack("web", {"page": {"input": "blue"}}, environment="prod")
    return project


def gw(project: GatedProject, *words: str) -> CompletedProcess[str]:
    return project.gw(*words, environ={**project.cloud.environ, "COLUMNS": "200"})


def test_an_environment_on_aws_is_planned_without_its_bootstrap_stacks(prod: GatedProject) -> None:
    prod.edit("environments/prod.yaml", '"333333333333"', '"432109876543"')
    prod.edit("environments/prod.yaml", '"666666666666"', '"543210987654"')
    prod.commit()
    planned = gw(prod, "plan", "make", "prod")
    assert planned.returncode == 0, planned.stderr
    (row,) = [line for line in planned.stdout.splitlines() if "prod-delivery" in line]
    assert "left out" in row
    assert "a person applies it: gw bootstrap prod --update" in row
    index = json.loads(prod.index_path.read_text())
    assert [row["stack"] for row in index["bundles"]] == ["prod-web"]
    assert index["waiting"] == []

    diff = gw(prod, "diff", "prod", "--json")
    assert {row["stack"]: row["status"] for row in json.loads(diff.stdout)}["prod-delivery"] == "change", diff.stderr
    drift = gw(prod, "drift", "prod", "--json")
    assert "prod-delivery" in {row["stack"] for row in json.loads(drift.stdout)}, drift.stderr

    refused = gw(prod, "deploy", "prod-delivery", "--approved", str(prod.index_path))
    assert refused.returncode == 2
    assert "gw bootstrap prod --update" in refused.stderr


@pytest.mark.parametrize("words", [("plan", "make", "prod-delivery"), ("plan", "make", "--destroy", "prod-delivery")])
def test_a_bootstrap_stack_is_refused_by_name_before_anything_is_planned(
    project: GatedProject, words: tuple[str, ...]
) -> None:
    refused = gw(project, *words)
    assert refused.returncode == 2
    assert "prod-delivery is a bootstrap stack" in refused.stderr
    assert ("gw destroy" if "--destroy" in words else "gw bootstrap prod --update") in refused.stderr
    assert not project.index_path.exists()
