"""Diffs cover every stack: orphans, stacks beside a failed one, and with a base only those that changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from groundwork.errors import TerraformFailed
from groundwork.state import orphans
from groundwork.state.state_store import StateStore
from groundwork.terraform.terraform import Terraform
from groundwork.toolchain import process
from tests.support.cloud_project import CloudProject, slow_stack
from tests.support.planned_project import planned_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def test_a_stack_with_resources_and_no_code_is_an_orphan(cloud: CloudProject) -> None:
    staying = StateStore.of(slow_stack(cloud, "kept", seconds=0), endpoint=cloud.endpoint)
    folder = slow_stack(cloud, "removed", seconds=0)
    terraform = Terraform(folder, "local-removed", Path(cloud.program), cloud.environ)
    terraform.init()
    terraform.plan(folder / "plan")
    terraform.apply(folder / "plan")

    assert orphans.find(staying, "local", ["local-kept", "local-removed"]) == []
    (orphan,) = orphans.find(staying, "local", ["local-kept"])
    assert (orphan.stack, orphan.key, orphan.resources) == ("local-removed", "local/removed.tfstate", 1)
    assert orphans.find(staying, "other", ["other-kept"]) == []
    terraform.destroy()
    assert orphans.find(staying, "local", ["local-kept"]) == []


def test_a_stack_is_initialised_only_when_needed(cloud: CloudProject, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = slow_stack(cloud, "planned", seconds=0)
    ran: list[str] = []

    def run(command, **options):  # type: ignore[no-untyped-def]
        ran.append(command[1])
        return process_run(command, **options)

    process_run = process.run
    monkeypatch.setattr(process, "run", run)

    def plan() -> list[str]:
        return Terraform(folder, "local-planned", Path(cloud.program), cloud.environ).plan().text.splitlines()

    assert any("1 to add" in line for line in plan())
    assert any("1 to add" in line for line in plan())
    assert ran == ["init", "plan", "plan"]
    assert (folder / "plan").is_file()
    (folder / ".terraform" / "terraform.tfstate").write_text("{")
    with pytest.raises(TerraformFailed, match="terraform plan failed"):
        plan()
    (folder / ".terraform" / "terraform.tfstate").unlink()
    ran.clear()
    assert any("1 to add" in line for line in plan())
    assert ran == ["plan", "init", "plan"]

    document = json.loads((folder / "cdk.tf.json").read_text())
    document["terraform"]["backend"]["s3"]["key"] = "local/elsewhere.tfstate"
    (folder / "cdk.tf.json").write_text(json.dumps(document))
    ran.clear()
    plan()
    assert ran == ["init", "plan"]


def test_with_a_base_only_changed_stacks_and_their_readers_are_planned(
    cloud: CloudProject, checkout: Path, tmp_path: Path
) -> None:
    project = planned_project(tmp_path / "checkout", cloud, checkout)
    up = project.stack("up", {"thing": {"input": "one"}}, outputs={"value": "one"})
    read = "${data.terraform_remote_state.up.outputs.value}"
    down = project.stack("down", {"copy": {"input": read}}, reads=["up"])
    rest = project.stack("rest", {"thing": {"input": "stays"}})
    project.synth()
    terraform = Terraform(project.workspace.out / "stacks" / up, up, Path(cloud.program), cloud.environ)
    terraform.init()
    terraform.plan(tmp_path / "plan")
    terraform.apply(tmp_path / "plan")
    base = tmp_path / "base"
    shutil.copytree(project.workspace.out, base, symlinks=True)
    project.stack("up", {"thing": {"input": "two"}}, outputs={"value": "two"})

    done = project.gw("diff", "local", "--base", str(base), "--json")
    assert done.returncode == 20, done.stderr
    rows = {row["stack"]: row for row in json.loads(done.stdout)}
    assert {stack: (row["status"], row["counts"] and row["counts"]["change"]) for stack, row in rows.items()} == {
        up: ("change", 1),
        down: ("change", 0),
        rest: ("untouched", None),
    }
    assert rows[rest]["why"] == "its Terraform and everything it reads are as in the base"
    assert f"{rest}: planning" not in done.stderr
    folders = project.workspace.out / "stacks"
    assert {stack: (folders / stack / ".terraform").exists() for stack in rows} == {up: True, down: True, rest: False}
    # Without a change, nothing is planned.
    base = shutil.copytree(project.workspace.out, tmp_path / "same", symlinks=True)
    done = project.gw("diff", "local", "--base", str(base), "--skip-synth", "--json")
    assert (done.returncode, {row["status"] for row in json.loads(done.stdout)}) == (0, {"untouched"})


def test_a_stack_that_cannot_be_planned_does_not_stop_the_others(
    cloud: CloudProject, checkout: Path, tmp_path: Path
) -> None:
    project = planned_project(tmp_path / "checkout", cloud, checkout)
    before = project.stack("a", {"thing": {"input": "x"}})
    broken = project.stack("broken", {"thing": {"input": "${terraform_data.nobody.output}"}})
    after = project.stack("z", {"thing": {"input": "x"}})
    done = project.gw("diff", "local", "--json")
    assert done.returncode == 6, done.stderr
    rows = {row["stack"]: row for row in json.loads(done.stdout)}
    assert {stack: row["status"] for stack, row in rows.items()} == {before: "change", broken: "error", after: "change"}
    assert rows[before]["counts"]["add"] == rows[after]["counts"]["add"] == 1
    words = 'A managed resource "terraform_data" "nobody" has not been declared'
    assert words in " ".join(rows[broken]["why"].replace("│", " ").split())
    assert words in " ".join(done.stderr.replace("│", " ").split()), (
        "the log of a job shows it, although its output goes to a file"
    )
