"""A plan becomes a bundle: the stack's folder as planned, what the plan would do, and what it was made from."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.errors import StackBlocked, TerraformFailed, UsageError
from groundwork.plan import archive, commit
from groundwork.plan.run_plans import plan_all
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_a_bundle_holds_the_whole_folder_as_planned(project: PlannedProject, tmp_path: Path) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}}, assets={"assets/code/handler.py": "print('hello')"})
    (made,) = project.plan()
    assert made.path.stat().st_mode & 0o077 == 0, "a plan holds secrets"

    bundle = archive.unpack(made.path.read_bytes(), tmp_path / "unpacked")
    assert bundle == made.bundle
    assert (bundle.stack, bundle.outcome, bundle.counts.add) == (stack, "change", 1)
    assert bundle.state.lineage == ""
    assert sorted(bundle.files) == ["assets/code/handler.py", "cdk.tf.json", "plan"]
    planned = project.workspace.manifest().stack(stack).folder
    for name in bundle.files:
        assert (tmp_path / "unpacked" / name).read_bytes() == (planned / name).read_bytes()
    with zipfile.ZipFile(tmp_path / "unpacked" / "plan") as plan:
        embedded = plan.read("tfconfig/m-/cdk.tf.json")
    assert embedded == (tmp_path / "unpacked" / "cdk.tf.json").read_bytes()


def test_equal_plans_have_equal_digests_and_another_secret_another(project: PlannedProject) -> None:
    def digest(secret: str) -> str:
        project.stack(
            "one",
            {"thing": {"input": "${sensitive(var.password)}"}},
            more={"variable": {"password": {"default": secret, "sensitive": True}}},
        )
        (made,) = project.plan()
        assert secret not in made.bundle.model_dump_json()
        return made.bundle.semantic_digest

    canary = "canary-" + "7f3a"
    assert digest(canary) == digest(canary)
    assert digest(canary) != digest("canary-" + "7f3b")


def test_a_bundle_names_the_state_that_it_was_planned_from(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}}, outputs={"value": "first"})
    project.synth()
    project.deploy_as_it_is(stack)
    state = project.state(stack)
    assert state is not None

    (made,) = project.plan()
    assert made.bundle.outcome == "no change"
    assert (made.bundle.state.lineage, made.bundle.state.serial) == (state["lineage"], state["serial"])
    (made,) = project.plan(destroy=[stack])
    assert (made.bundle.purpose, made.bundle.outcome, made.bundle.counts.destroy) == ("destroy", "destroy", 1)

    folder = project.workspace.manifest().stack(stack).folder
    (folder / "errored.tfstate").write_text("{}")
    with pytest.raises(StackBlocked, match="could not store its state"):
        plan_all(project.workspace, [stack], planner=project.planner(), out=folder.parent / "plans")


def test_a_stack_that_cannot_be_planned_leaves_no_bundle(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    (made,) = project.plan()
    project.stack("one", {"thing": {"input": "${nothing.like.that}"}})
    with pytest.raises(TerraformFailed, match=f"{stack}: terraform plan failed"):
        project.plan()
    assert not made.path.exists()


def test_a_plan_names_the_commit_and_uncommitted_changes(project: PlannedProject) -> None:
    clean = commit.of_checkout(project.root, uncommitted=False)
    assert len(clean) == 40
    project.stack("one", {"thing": {"input": "first"}})
    with pytest.raises(UsageError, match=r"uncommitted changes: stacks\.json"):
        commit.of_checkout(project.root, uncommitted=False)
    marked = commit.of_checkout(project.root, uncommitted=True)
    assert marked.startswith(f"{clean}+worktree-")
    assert commit.of_checkout(project.root, uncommitted=True) == marked
    (project.root / "new.py").write_text("x = 1\n")
    assert commit.of_checkout(project.root, uncommitted=True) != marked


def test_gw_plan_make_writes_bundles_and_their_index(project: PlannedProject) -> None:
    project.stack("one", {"thing": {"input": "first"}})
    project.stack("two", {"thing": {"input": "second"}})
    done = project.gw("plan", "make", "local", "--json")
    assert done.returncode == 0, done.stderr
    index = json.loads(done.stdout)
    assert [bundle["stack"] for bundle in index["bundles"]] == ["local-one", "local-two"]
    plans = project.root / ".groundwork" / "plans"
    assert json.loads((plans / "plans.json").read_text()) == index
    assert {path.name for path in plans.glob("*.tar.gz")} == {"local-one.tar.gz", "local-two.tar.gz"}
    # The approver sees what changes.
    shown = project.gw("plan", "show", "--markdown")
    assert shown.returncode == 0, shown.stderr
    assert "| <code>local-two</code> | change | 1 | 0 | 0 | 0 |" in shown.stdout
    assert "**create** `terraform_data.thing`" in shown.stdout
    assert '+ input = "second"' in shown.stdout
    (plans / "local-two.tar.gz").unlink()
    assert project.gw("plan", "show", "--markdown").returncode == 2


def test_environment_variables_do_not_change_what_is_planned(project: PlannedProject) -> None:
    project.stack("one", {"thing": {"input": "first"}})
    project.synth()
    tools = replace(
        project.workspace.tools, environ={**project.workspace.tools.environ, "TF_CLI_ARGS_plan": "-destroy"}
    )
    workspace = replace(project.workspace, tools=tools)
    plans = plan_all(workspace, ["local-one"], planner=project.planner(), out=project.index_path.parent)
    assert [made.bundle.counts.add for made in plans.made] == [1]
