"""On AWS, the pipeline neither plans nor applies the bootstrap stacks, which it could not apply."""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

import stacks
from groundwork.cli import deploy_approved
from groundwork.drift import StackDrift, markdown
from groundwork.errors import UsageError
from groundwork.gate import bundles
from groundwork.gate.facts import RunFacts
from groundwork.paths import Project
from groundwork.plan import bootstrap_stacks, run_plans
from groundwork.workspace import Workspace
from stacks import platform
from stacks.blocks.pipeline.role_boundary import BOOTSTRAP_STACKS
from stacks.platform_stack import PlatformStack
from tests.support.sample_bundles import COMMIT, index, stored

BOOTSTRAP = ("state-backend", "account", "delivery", "archive-roles")


@pytest.fixture
def workspace(tmp_path: Path, checkout: Path) -> Workspace:
    """Two environments with the same synthesised stacks: the laptop, and prod on AWS."""
    names = [f"{environment}-{stack}" for environment in ("local", "prod") for stack in (*BOOTSTRAP, "web")]
    entries = {name: {"name": name, "dependencies": [], "workingDirectory": f"stacks/{name}"} for name in names}
    shutil.copy(checkout / "cdktf.json", tmp_path)
    (tmp_path / "cdktf.out").mkdir()
    (tmp_path / "cdktf.out" / "manifest.json").write_text(json.dumps({"stacks": entries, "version": "0.21.0"}))
    for name in names:
        (tmp_path / "cdktf.out" / "stacks" / name).mkdir(parents=True)
        (tmp_path / "cdktf.out" / "stacks" / name / "cdk.tf.json").write_text("{}")
    return Workspace(Project(tmp_path), cast("Any", None), environments_folder=checkout / "environments")


def planned(workspace: Workspace, environment: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """The stacks of an environment that are planned, and those that are left out with the reason."""
    made: list[str] = []

    def make(_workspace: Workspace, level: list[str], **_: object) -> list[Any]:
        made.extend(level)
        return []

    monkeypatch.setattr(run_plans, "make", make)
    chosen = workspace.select(workspace.manifest(), [environment])
    plans = run_plans.plan_all(workspace, chosen, planner=cast("Any", None), out=workspace.project.work)
    return made, [f"{stack}: {why}" for stack, why in plans.left_out.items()]


def test_on_aws_bootstrap_stacks_are_left_out_naming_gw_bootstrap(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, left_out = planned(workspace, "prod", monkeypatch)
    assert made == ["prod-web"]
    assert left_out == [f"prod-{name}: a person applies it: gw bootstrap prod --update" for name in BOOTSTRAP]


def test_on_the_laptop_bootstrap_stacks_are_planned(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made, left_out = planned(workspace, "local", monkeypatch)
    assert made == [f"local-{name}" for name in (*BOOTSTRAP, "web")]
    assert left_out == []


@pytest.mark.parametrize("stack", [f"prod-{name}" for name in BOOTSTRAP])
def test_a_bootstrap_stack_is_refused_by_name_naming_gw_bootstrap(workspace: Workspace, stack: str) -> None:
    with pytest.raises(UsageError, match=f"{stack} is a bootstrap stack") as refused:
        bootstrap_stacks.refuse(workspace.environments, ["prod-web", stack])
    assert refused.value.fix == "gw bootstrap prod --update"
    with pytest.raises(UsageError, match=stack) as refused:
        bootstrap_stacks.refuse(workspace.environments, [], destroy=[stack])
    assert refused.value.fix == f"gw destroy {stack}, from a commit that has it"


def test_environments_and_the_laptop_s_stacks_are_not_refused(workspace: Workspace) -> None:
    bootstrap_stacks.refuse(workspace.environments, ["prod", "prod-web", "local-delivery"], destroy=["local-account"])
    # The name of an environment may be the name of a bootstrap stack in another environment.
    prod = workspace.environments["prod"]
    named_alike = replace(prod, values=platform.values_of(prod).model_copy(update={"name": "prod-delivery"}))
    both = {"prod": prod, "prod-delivery": named_alike}
    bootstrap_stacks.refuse(both, ["prod-delivery"])


def wanted(workspace: Workspace, environment: str, *targets: str) -> list[str]:
    """The stacks that `gw deploy TARGETS --approved` would apply, with a plan of `web` alone."""
    plans = index(stored(stack=f"{environment}-web"), environment=environment)
    return deploy_approved._wanted(workspace, plans, targets)


def test_an_environment_is_applied_without_plans_of_its_bootstrap_stacks(workspace: Workspace) -> None:
    assert wanted(workspace, "prod", "prod") == ["prod-web"]
    with pytest.raises(UsageError, match="prod-delivery is a bootstrap stack"):
        wanted(workspace, "prod", "prod-delivery")

    plans = index(stored(stack="prod-web"), environment="prod")
    run = RunFacts(plans, "aws", COMMIT, True, "100", 1, wanted(workspace, "prod", "prod"))
    assert list(bundles.check_planned(run)) == []
    forgotten = replace(run, wanted=["prod-web", "prod-delivery"])
    assert [refusal.stack for refusal in bundles.check_planned(forgotten)] == ["prod-delivery"]


def test_a_plan_of_a_bootstrap_stack_is_not_applied(workspace: Workspace) -> None:
    plans = index(stored(stack="prod-delivery"), stored(stack="prod-web"), environment="prod")
    assert deploy_approved._wanted(workspace, plans, ["prod"]) == ["prod-web"]


def test_the_bootstrap_stacks_are_those_whose_class_says_so() -> None:
    for module in pkgutil.iter_modules(stacks.__path__):
        importlib.import_module(f"stacks.{module.name}")
    kinds = [kind for kind in PlatformStack.__subclasses__() if kind.is_bootstrap_stack]
    names = sorted(kind.__module__.removeprefix("stacks.").replace("_", "-") for kind in kinds)
    assert names == sorted(platform.BOOTSTRAP_STACKS)
    assert sorted(BOOTSTRAP_STACKS) == sorted(platform.BOOTSTRAP_STACKS)


def test_an_issue_about_drift_names_the_command_that_corrects_it(workspace: Workspace) -> None:
    environments = workspace.environments
    assert "`gw bootstrap prod --update`" in markdown(StackDrift("prod-state-backend"), environments)
    assert "`gw plan make prod-network`" in markdown(StackDrift("prod-network"), environments)
