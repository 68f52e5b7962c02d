"""A stack that was removed from the code is not forgotten while it has resources."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.delivery import orphans
from groundwork.delivery.stack_plan import StackPlan
from groundwork.delivery.state_store import StateStore
from groundwork.delivery.terraform_run import TerraformRun
from groundwork.errors import TerraformFailed
from groundwork.synthesis.manifest import Stack
from groundwork.toolchain.process import stream
from tests.delivery.cloud_project import CloudProject, cloud_project, slow_stack

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[CloudProject]:
    with cloud_project(tmp_path_factory.mktemp("checkout"), checkout, Path(sys.executable)) as made:
        yield made


def test_a_stack_with_resources_and_without_code_is_an_orphan_until_it_is_destroyed(cloud: CloudProject) -> None:
    kept = StateStore.of(slow_stack(cloud, "kept", seconds=0), endpoint=cloud.endpoint)
    folder = slow_stack(cloud, "removed", seconds=0)
    terraform = TerraformRun(folder, "local-removed", cloud.program, cloud.environ)
    terraform.init()
    terraform.plan(folder / "plan")
    terraform.apply(folder / "plan")

    assert orphans.find(kept, "local", ["local-kept", "local-removed"]) == []
    (orphan,) = orphans.find(kept, "local", ["local-kept"])
    assert (orphan.stack, orphan.key, orphan.resources) == ("local-removed", "local/removed.tfstate", 1)
    assert orphans.find(kept, "other", ["other-kept"]) == []
    terraform.destroy()
    assert orphans.find(kept, "local", ["local-kept"]) == []


def test_a_stack_is_planned_as_cdktf_does_and_initialised_only_when_needed(cloud: CloudProject) -> None:
    folder = slow_stack(cloud, "planned", seconds=0)
    ran: list[str] = []

    def run(command, **options):  # type: ignore[no-untyped-def]
        ran.append(command[1])
        return stream(command, **options)

    def plan() -> list[str]:
        # Read anew: a stack remembers its Terraform.
        return StackPlan(Stack("local-planned", (), folder), Path(cloud.program), cloud.environ, run).diff().lines

    assert any("1 to add" in line for line in plan())
    assert any("1 to add" in line for line in plan())
    assert ran == ["init", "plan", "plan"]
    assert (folder / "plan").is_file()
    (folder / ".terraform" / "terraform.tfstate").write_text("{")
    with pytest.raises(TerraformFailed, match="cannot be planned"):
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
