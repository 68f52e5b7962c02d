"""The whole way by its commands: planned, refused, approved, applied, and refused when it is done again."""

from __future__ import annotations

import json

import pytest

from tests.gate.mini_project import Mini

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_what_was_approved_is_applied_once_and_nothing_else(mini: Mini) -> None:
    for words in (("plan", "make", "local-web"), ("plan", "push")):
        answer = mini.gw(*words)
        assert answer.returncode == 0, answer.stderr
    command = ("deploy", "local-web", "--approved", str(mini.plans))

    refused = mini.gw(*command)
    assert refused.returncode == 13
    assert "approval-missing" in refused.stderr
    assert "gw approve local --as NAME" in refused.stderr
    assert not mini.state("local-web")

    assert mini.gw("approve", "local", "--as", "Carol", "--yes").returncode == 0
    mini.edit("main.py", 'COLOUR = "blue"', 'COLOUR = "red"')
    edited = mini.gw(*command)
    assert edited.returncode == 13
    assert "synth-differs" in edited.stderr
    assert not mini.state("local-web")
    mini.edit("main.py", 'COLOUR = "red"', 'COLOUR = "blue"')

    applied = mini.gw(*command, "--json")
    assert applied.returncode == 0, applied.stderr
    (result,) = json.loads(applied.stdout)
    assert result["how"] == "1 added, 0 changed, 0 destroyed"
    assert mini.state("local-web")["outputs"]["colour"]["value"] == "blue"

    again = mini.gw(*command)
    assert again.returncode == 13
    assert "rerun-without-plan" in again.stderr
    assert "state-moved" in again.stderr

    kinds = [decision.kind for decision in mini.store.decisions()]
    assert kinds == ["planned", "refused", "approved", "refused", "applied", "refused"]

    listed = mini.gw("audit", "local", "--kind", "refused", "--json")
    assert [row["codes"] for row in json.loads(listed.stdout)][-1] == ["rerun-without-plan", "state-moved"]
    assert "Carol" in mini.gw("audit", "local").stdout
