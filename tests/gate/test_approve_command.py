"""`gw approve` shows what would be applied, and its yes belongs to exactly that."""

from __future__ import annotations

import json

import pytest

from groundwork.refusals import Code
from tests.gate.mini_project import Mini
from tests.gate.reading import codes

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_it_shows_what_is_approved_and_writes_it_down(mini: Mini) -> None:
    (stored,) = mini.plan().bundles
    answer = mini.gw("approve", "local", "--as", "Carol", "--yes")
    assert answer.returncode == 0, answer.stderr
    assert "approved by Carol" in answer.stdout
    for shown in ("local-web", "change", stored.digest[:12], stored_commit(mini)):
        assert shown in answer.stderr
    (file,) = (mini.root / ".groundwork" / "approvals").iterdir()
    assert json.loads(file.read_text())["approvals"][0]["by"] == "Carol"

    assert mini.refusals() == []
    (approved,) = mini.store.decisions("approved")
    assert (approved.who, approved.digests) == ("Carol", {"local-web": stored.digest})


def test_it_warns_whose_approval_does_not_count(mini: Mini) -> None:
    mini.commit(author="Ada <ada@example.org>")
    mini.plan()
    answer = mini.gw("approve", "local", "--as", "ada", "--yes")
    assert answer.returncode == 0, answer.stderr
    assert "does not count: ada, author of commit" in answer.stderr
    assert codes(mini.refusals()) == {Code.APPROVAL_BY_AUTHOR}


def test_without_a_terminal_nothing_is_approved(mini: Mini) -> None:
    mini.plan()
    answer = mini.gw("approve", "local", "--as", "Carol")
    assert answer.returncode == 2
    assert "there is no terminal to confirm it" in answer.stderr
    assert codes(mini.refusals()) == {Code.APPROVAL_MISSING}


def test_an_environment_on_aws_is_approved_on_github(mini: Mini) -> None:
    mini.plan()
    answer = mini.gw("approve", "prod", "--as", "Carol", "--yes")
    assert answer.returncode == 2
    assert "where deployments are approved on GitHub" in answer.stderr.replace("\n", " ")


def test_plans_that_are_tampered_with_cannot_even_be_looked_at(mini: Mini) -> None:
    index = mini.plan()
    text = mini.plans.read_text()
    mini.plans.write_text(text.replace(index.bundles[0].digest, "0" * 64))
    answer = mini.gw("approve", "local", "--as", "Carol", "--yes")
    assert answer.returncode == 13
    assert "bundle-tampered" in answer.stderr


def stored_commit(mini: Mini) -> str:
    return mini.git("rev-parse", "HEAD")[:12]
