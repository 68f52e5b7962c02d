"""A label counts once its pull request is merged, and only for that commit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from groundwork.cli.deploy_approved import gate_for
from groundwork.github.api import GitHub
from groundwork.github.contributors import labels_of_commit
from groundwork.plan.bundle import Index
from tests.support.fake_github import FakeGitHub


def test_labels_count_once_the_pull_request_is_merged(github: FakeGitHub, admin: GitHub) -> None:
    number = github.open_pull_request("alice", labels=["allow-destroy:prod-archive", "big"])
    head = github.state.pulls[number].head_sha
    assert labels_of_commit(admin, head) == frozenset()
    commit = github.merge(number, "bob")
    assert labels_of_commit(admin, commit) == {"allow-destroy:prod-archive", "big"}
    assert labels_of_commit(admin, github.commit("alice")) == frozenset()


def test_at_the_gate_a_label_has_the_effect_of_allow_destroy(github: FakeGitHub) -> None:
    run = github.begin_run(
        "push", "bob", sha=github.merge(github.open_pull_request(labels=["allow-destroy:prod-a"]), "bob")
    )
    github.job(run, "apply")
    github.approve(run, "prod", by="carol")
    index = Index(
        environment="prod",
        commit=run.sha,
        run_id=str(run.id),
        run_attempt=1,
        planned_at=datetime.now(UTC),
        bundles=(),
        waiting=(),
    )
    workspace = cast("Any", SimpleNamespace(environments={"prod": SimpleNamespace(target="aws")}))
    gate = gate_for(
        workspace,
        index,
        cast("Any", None),
        plans=Path("plans.json"),
        environ=github.job_environment(run, "apply"),
        wanted=[],
        allow_destroy=["prod-b"],
    )
    assert gate.allow_destroy == {"prod-a", "prod-b"}
