"""What the review finds between what was applied last and what was planned decides on an apply without approval."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from groundwork.gate import auto_apply
from groundwork.gate.auto_apply import Unattended
from groundwork.gate.deployed_review import Reviewer
from groundwork.gate.facts import RunFacts
from groundwork.paths import Project
from groundwork.plan import extracted
from groundwork.platform import HighestFinding
from groundwork.refusals import Code
from groundwork.review.charts import Charts
from groundwork.review.rules import Policies
from groundwork.workspace import Tools, Workspace
from tests.support.sample_bundles import COMMIT, index, packed

RULE = {"type": "ingress", "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}
OPEN = {**RULE, "cidr_blocks": ["0.0.0.0/0"]}
DESCRIBED = {**RULE, "description": "of the load balancer"}


def rule(body: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"resource": {"aws_security_group_rule": {"rule": body}}, **more}


def table(mode: str) -> dict[str, Any]:
    return {"resource": {"aws_dynamodb_table": {"items": {"name": "items", "billing_mode": mode}}}}


def reasons(
    folder: Path,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    highest: HighestFinding = "medium",
    word: str = "change",
    **changes: Any,
) -> list[str]:
    """Why the change of a stack's Terraform needs a person; the plan does `word` to its one resource."""
    ((kind, named),) = after["resource"].items()
    changed = {f"{kind}.{name}": word for name in named}

    def archive(name: str, terraform: Mapping[str, Any]) -> bytes:
        files = {"cdk.tf.json": json.dumps(terraform), "waivers.json": "[]"}
        return packed(folder / name, files=files, changes=changed, **changes).body

    tools = Tools(["none"], Path("none"), Path(sys.executable), {}, 1, helm_provider=False, kubeconfig=None)
    (folder / "checkout").mkdir()
    planned = extracted.extract(
        Workspace(Project(folder / "checkout"), tools), {"local-thing": archive("after", after)}
    )
    deployed = archive("before", before)
    reviewer = Reviewer(Policies(folder / "policies"), Charts(lambda: None))
    judged = auto_apply.reasons(
        index(), planned, highest_finding=highest, deployed=lambda _: deployed, reviewer=reviewer
    )
    return list(judged)


@pytest.mark.parametrize("highest", ["none", "low", "medium"])
def test_a_high_finding_needs_a_person_at_every_level(tmp_path: Path, highest: HighestFinding) -> None:
    (reason,) = reasons(tmp_path, rule(RULE), rule(OPEN), highest=highest)
    assert reason.startswith("local-thing aws_security_group_rule.rule: ")
    assert reason.endswith("(high)")


def test_a_change_without_a_finding_needs_nobody(tmp_path: Path) -> None:
    assert reasons(tmp_path, rule(RULE), rule(DESCRIBED), highest="none") == []


@pytest.mark.parametrize("word", ["forget", "import and change", "move from a.b and change", "destroy", "replace"])
def test_only_creations_and_changes_are_judged(tmp_path: Path, word: str) -> None:
    (reason,) = reasons(tmp_path, rule(RULE), rule(DESCRIBED), word=word)
    assert reason == f"local-thing aws_security_group_rule.rule: {word}"


def test_a_change_of_what_holds_data_needs_a_person(tmp_path: Path) -> None:
    needed = reasons(tmp_path, table("PROVISIONED"), table("PAY_PER_REQUEST"))
    assert any(reason.startswith("local-thing aws_dynamodb_table.items: it holds ") for reason in needed)


def test_a_changed_provider_needs_a_person(tmp_path: Path) -> None:
    elsewhere = [rule(RULE, provider={"aws": [{"region": region}]}) for region in ("eu-west-1", "eu-west-2")]
    assert "local-thing: its provider, backend or versions change" in reasons(tmp_path, *elsewhere)


def test_the_end_of_a_stack_needs_a_person(tmp_path: Path) -> None:
    needed = reasons(tmp_path, rule(RULE), rule(DESCRIBED), purpose="destroy")
    assert "local-thing would be destroyed" in needed


@pytest.mark.parametrize(("name", "why"), [("a.py", "RuntimeError"), ("a.rego", "judged nothing|METADATA|conftest")])
def test_a_rule_that_did_not_judge_needs_a_person(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / name).write_text("raise RuntimeError\n")
    (reason,) = reasons(tmp_path, rule(RULE), rule(DESCRIBED))
    assert re.match(f"policies/{name} was not judged: .*({why})", reason)


def test_a_release_that_was_not_rendered_needs_a_person(tmp_path: Path) -> None:
    def release(tag: str) -> dict[str, Any]:
        return {"resource": {"helm_release": {"hello": {"name": "hello", "chart": "./assets/a", "values": [tag]}}}}

    *_, reason = reasons(tmp_path, release("tag: a"), release("tag: b"))
    assert reason.startswith(
        "objects of helm_release.hello in local-thing was not judged: its chart ./assets/a does not"
    )


def test_gaps_of_the_environment_without_reviewers_refuse() -> None:
    """Whatever branch may use it would be applied without anybody's approval."""
    run = RunFacts(index(environment="dev"), "aws", COMMIT, True, "100", 1, ["dev-api"])
    claim = Unattended("low", ["every branch, or every protected one, may use GitHub's environment dev-auto"])
    (refusal,) = auto_apply.check(run, claim)
    assert refusal.code is Code.NEEDS_APPROVAL
    assert "every branch" in refusal.sentence
