"""The commands from a plan to its apply: plan, refuse, approve, apply, and refuse a second apply."""

from __future__ import annotations

import json

import pytest

from tests.gate.gated_project import GatedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_what_was_approved_is_applied_once_and_nothing_else(project: GatedProject) -> None:
    for words in (("plan", "make", "local-web"), ("plan", "push")):
        answer = project.gw(*words)
        assert answer.returncode == 0, answer.stderr
    command = ("deploy", "local-web", "--approved", str(project.index_path))

    refused = project.gw(*command)
    assert refused.returncode == 13
    assert "approval-missing" in refused.stderr
    assert "gw approve local --as NAME" in refused.stderr
    assert not project.state("local-web")

    assert project.gw("approve", "local", "--as", "Carol", "--yes").returncode == 0
    project.web("red")
    edited = project.gw(*command)
    assert edited.returncode == 13
    assert "synth-differs" in edited.stderr
    assert not project.state("local-web")
    project.web("blue")

    applied = project.gw(*command, "--json")
    assert applied.returncode == 0, applied.stderr
    (result,) = json.loads(applied.stdout)
    assert result["how"] == "1 added, 0 changed, 0 destroyed"
    assert (project.state("local-web") or {})["outputs"]["colour"]["value"] == "blue"

    again = project.gw(*command)
    assert again.returncode == 13
    assert "rerun-without-plan" in again.stderr
    assert "state-moved" in again.stderr

    kinds = [decision.kind for decision in project.store.decisions()]
    assert kinds == ["planned", "refused", "approved", "refused", "applied", "refused"]

    listed = project.gw("audit", "local", "--kind", "refused", "--json")
    assert [row["codes"] for row in json.loads(listed.stdout)][-1] == ["rerun-without-plan", "state-moved"]
    assert "Carol" in project.gw("audit", "local").stdout
