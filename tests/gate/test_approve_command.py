"""`gw approve` shows what would be applied, and approves exactly that."""

from __future__ import annotations

import json

import pytest

from groundwork.refusals import Code
from tests.gate.gated_project import GatedProject, codes

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_approve_shows_the_plans_and_records_the_approval(project: GatedProject) -> None:
    (stored,) = project.push_plans().bundles
    answer = project.gw("approve", "local", "--as", "Carol", "--yes")
    assert answer.returncode == 0, answer.stderr
    assert "approved by Carol" in answer.stdout
    for shown in ("local-web", "change", stored.digest[:12], project.git("rev-parse", "HEAD")[:12]):
        assert shown in answer.stderr
    (file,) = (project.root / ".groundwork" / "approvals").iterdir()
    assert json.loads(file.read_text())["approvals"][0]["by"] == "Carol"

    assert project.refusals() == []
    (approved,) = project.store.decisions("approved")
    assert (approved.who, approved.digests) == ("Carol", {"local-web": stored.digest})


def test_approve_warns_a_contributor_that_the_approval_does_not_count(project: GatedProject) -> None:
    project.commit(author="Ada <ada@example.org>")
    project.push_plans()
    answer = project.gw("approve", "local", "--as", "ada", "--yes")
    assert answer.returncode == 0, answer.stderr
    assert "does not count: ada, author of commit" in answer.stderr
    assert codes(project.refusals()) == {Code.APPROVAL_BY_AUTHOR}


def test_without_a_terminal_and_yes_nothing_is_approved(project: GatedProject) -> None:
    project.push_plans()
    answer = project.gw("approve", "local", "--as", "Carol")
    assert answer.returncode == 2
    assert "there is no terminal to confirm it" in answer.stderr
    assert codes(project.refusals()) == {Code.APPROVAL_MISSING}


def test_an_environment_on_aws_is_approved_on_github(project: GatedProject) -> None:
    project.push_plans()
    answer = project.gw("approve", "prod", "--as", "Carol", "--yes")
    assert answer.returncode == 2
    assert "where deployments are approved on GitHub" in answer.stderr.replace("\n", " ")


def test_tampered_plans_are_not_shown_for_approval(project: GatedProject) -> None:
    index = project.push_plans()
    text = project.index_path.read_text()
    project.index_path.write_text(text.replace(index.bundles[0].digest, "0" * 64))
    answer = project.gw("approve", "local", "--as", "Carol", "--yes")
    assert answer.returncode == 13
    assert "bundle-tampered" in answer.stderr
