"""Exactly what was approved is applied, by the real cdktf-cli and Terraform."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from groundwork.errors import Refused, TerraformFailed, UsageError
from groundwork.plan import plans_file
from groundwork.plan.bundle import Stored
from groundwork.plan.extracted import Extracted
from groundwork.refusals import Code, Refusal
from groundwork.state import locks
from groundwork.store.objects import Place
from groundwork.store.s3_store import S3Objects
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[Code]:
    return [refusal.code for refusal in refused.value.refusals]


def test_the_approved_plan_is_applied_whatever_was_edited_afterwards(project: PlannedProject) -> None:
    first = project.stack("one", {"thing": {"input": "approved"}}, outputs={"value": "shown"})
    two = project.stack("two", {"thing": {"input": "approved too"}})
    index = project.push(project.plan())

    project.stack("one", {"thing": {"input": "edited Python"}})
    for stack in (first, two):
        file = project.workspace.manifest().stack(stack).file
        file.write_text(file.read_text().replace("approved", "edited Terraform"))
    (project.index_path.parent / f"{first}.tar.gz").write_bytes(b"edited local copy")

    results = project.apply(index)
    assert [(result.stack, result.how) for result in results] == [
        (first, "1 added, 0 changed, 0 destroyed"),
        (two, "1 added, 0 changed, 0 destroyed"),
    ]
    assert results[0].outputs == {"value": "shown"}
    assert project.inputs(first) == {"thing": "approved"}
    assert project.inputs(two) == {"thing": "approved too"}


def test_an_applied_bundle_is_kept_and_the_decision_recorded(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    project.apply(index)

    last = project.store.last_applied(stack)
    assert last is not None
    assert last.stored.digest == index.bundles[0].digest
    (decision,) = project.store.decisions("applied")
    assert (decision.who, decision.stacks, decision.commit) == ("grace", (stack,), index.commit)
    journal = project.approved_apply(index).journal
    assert journal.unsettled(stack) == ""
    ((began, ended),) = journal.history(stack)
    assert ended is not None
    assert (began.digest, ended.result) == (index.bundles[0].digest, "applied")


def test_stacks_are_applied_in_order_and_destroyed_in_reverse_order(project: PlannedProject) -> None:
    up = project.stack("up", {"thing": {"input": "first"}}, outputs={"value": "first"})
    project.apply(project.push(project.plan()))
    reads = {"reader": {"input": "${data.terraform_remote_state.up.outputs.value}"}}
    down = project.stack("down", reads, reads=["up"])
    index = project.push(project.plan())
    assert [(stored.stack, stored.outcome) for stored in index.bundles] == [(up, "no change"), (down, "change")]
    assert [result.how for result in project.apply(index)] == ["no change", "1 added, 0 changed, 0 destroyed"]
    assert project.inputs(down) == {"reader": "first"}

    gone = project.push(project.plan(destroy=[down, up]))
    order: list[str] = []
    project.approved_apply(gone).apply([up, down], on_event=lambda stack, _: order.append(stack), say=lambda _: None)
    assert list(dict.fromkeys(order)) == [down, up]
    assert project.inputs(up) == project.inputs(down) == {}


def _edit_terraform(folder: Path) -> None:
    file = folder / "cdk.tf.json"
    file.write_text(file.read_text().replace("first", "smuggled"))


def _swap_asset(folder: Path) -> None:
    (folder / "assets" / "function.zip").write_text("smuggled")


def _add_override(folder: Path) -> None:
    (folder / "override.tf.json").write_text('{"output": {"x": {"value": "smuggled"}}}')


def _drop_plan(folder: Path) -> None:
    (folder / "plan").unlink()


@pytest.mark.parametrize("edit", [_edit_terraform, _swap_asset, _add_override, _drop_plan])
def test_refuses_a_folder_that_was_edited_after_it_was_extracted(
    project: PlannedProject, edit: Callable[[Path], None]
) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}}, assets={"assets/function.zip": "approved"})
    index = project.push(project.plan())

    def gate(extracted: Extracted, _stored: Sequence[Stored]) -> list[Refusal]:
        edit(extracted.folder(stack))  # after the gate's checks, before cdktf begins
        return []

    with pytest.raises(Refused) as refused:
        project.apply(index, gate)
    assert codes(refused) == [Code.BUNDLE_TAMPERED]
    assert project.state(stack) is None
    assert project.approved_apply(index).journal.unsettled(stack) == "", "no apply began"


def test_refuses_a_bundle_that_was_swapped_in_the_store(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    project.stack("one", {"thing": {"input": "smuggled"}})
    (other,) = project.plan()
    (stored,) = index.bundles
    key = f"{project.store.objects.key_of(stored.location)}.swapped"
    swapped = project.store.objects.put_new(key, other.path.read_bytes(), media_type="application/gzip")
    elsewhere = stored.model_copy(update={"location": swapped.location, "version_id": swapped.version})
    index = index.model_copy(update={"bundles": (elsewhere,)})
    with pytest.raises(Refused) as refused:
        project.apply(index)
    assert codes(refused) == [Code.BUNDLE_TAMPERED]
    assert project.state(stack) is None
    (decision,) = project.store.decisions("refused")
    assert decision.codes == ("bundle-tampered",)


def test_refuses_plans_that_were_not_pushed(project: PlannedProject) -> None:
    project.stack("one", {"thing": {"input": "first"}})
    made = project.plan()
    index = plans_file.index("local", project.planner(), made, ())
    with pytest.raises(UsageError, match="not in a store yet"):
        project.apply(index)


def test_refuses_a_plan_that_was_applied_because_its_state_moved(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    project.apply(index)
    state = project.state(stack)
    with pytest.raises(Refused) as refused:
        project.apply(index)
    assert codes(refused) == [Code.STATE_MOVED]
    assert "the state moved after this plan was made" in refused.value.message
    assert refused.value.refusals[0].command == "gw plan make local"
    assert project.state(stack) == state
    assert project.approved_apply(index).journal.unsettled(stack) == "", "Terraform reported how it ended"
    assert [decision.codes for decision in project.store.decisions("refused")] == [("state-moved",)]


def test_nothing_is_applied_if_the_journal_cannot_be_written(
    project: PlannedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = [project.stack(name, {"thing": {"input": "first"}}) for name in ("one", "two")]
    index = project.push(project.plan())
    put_new = S3Objects.put_new

    def full(store: S3Objects, key: str, body: bytes, *, media_type: str) -> Place:
        if stacks[1] in key and key.endswith(".began.json"):
            raise OSError("no space left")
        return put_new(store, key, body, media_type=media_type)

    monkeypatch.setattr(S3Objects, "put_new", full)
    with pytest.raises(OSError, match="no space left"):
        project.apply(index)
    assert [project.state(stack) for stack in stacks] == [None, None]
    assert project.approved_apply(index).journal.open() == []


def test_after_a_refusal_of_the_gate_nothing_is_applied(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    missing = Refusal(Code.APPROVAL_MISSING, "nobody has approved", "gw approve local --as NAME")
    with pytest.raises(Refused, match="nobody has approved"):
        project.apply(index, lambda *_: [missing])
    assert project.state(stack) is None
    assert [decision.codes for decision in project.store.decisions("refused")] == [("approval-missing",)]


def test_after_a_failed_stack_the_others_are_applied_and_all_recorded(project: PlannedProject) -> None:
    fails = {"provisioner": {"local-exec": {"command": "echo broken >&2; exit 3"}}}
    bad = project.stack("bad", {"thing": {"input": "first", **fails}})
    good = project.stack("good", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    with pytest.raises(TerraformFailed, match="broken"):
        project.apply(index)
    assert project.inputs(good) == {"thing": "first"}
    journal = project.approved_apply(index).journal
    results = {stack: [ended and ended.result for _, ended in journal.history(stack)] for stack in (bad, good)}
    assert results == {bad: ["failed"], good: ["applied"]}
    assert project.store.last_applied(good) is not None
    assert project.store.last_applied(bad) is None


def test_where_cdktf_dies_terraform_writes_its_state_and_frees_its_lock(project: PlannedProject) -> None:
    made = project.root / "made"
    endless = {"depends_on": ["terraform_data.quick"], "provisioner": {"local-exec": {"command": "sleep 300"}}}
    quick = {"input": "made", "provisioner": {"local-exec": {"command": f"touch {made}"}}}
    stack = project.stack("slow", {"quick": quick, "endless": endless})
    project.synth()

    def kill_cdktf() -> None:
        while not made.exists():
            time.sleep(0.1)
        below = psutil.Process().children(recursive=True)
        [cdktf] = [each for each in below if "deploy" in each.cmdline() and each.name().startswith("node")]
        cdktf.kill()

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_cdktf)
        with pytest.raises(TerraformFailed):
            project.workspace.cdktf(stack).deploy([stack], parallelism=1, on_event=lambda *_: None)
        killed.result()

    assert locks.held(project.workspace.store(stack)) == []
    assert project.inputs(stack)["quick"] == "made"


def test_refuses_to_extract_over_a_state_that_could_not_be_stored(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    unstored = project.root / "cdktf.out.approved" / "stacks" / stack / "errored.tfstate"
    unstored.parent.mkdir(parents=True)
    unstored.write_text("{}")
    with pytest.raises(Refused) as refused:
        project.apply(index)
    assert codes(refused) == [Code.UNSETTLED_APPLY]
    assert unstored.exists()


def test_plans_and_tickets_are_readable_by_their_owner_alone(project: PlannedProject) -> None:
    stack = project.stack("one", {"thing": {"input": "first"}})
    index = project.push(project.plan())
    project.apply(index)
    other = project.stack("two", {"thing": {"input": "first"}})
    project.synth()
    project.deploy_as_it_is(other)
    plans = [path for path in project.root.rglob("plan") if path.is_file()]
    tickets = list(project.root.rglob("ticket.json"))
    assert any(path.parent.name == stack for path in plans)
    assert tickets
    assert [path for path in (*plans, *tickets) if _others_may_read(path, project.root)] == []


def _others_may_read(path: Path, root: Path) -> bool:
    """Whether neither the file nor a folder above it, up to the checkout, is its owner's alone."""
    above = [folder for folder in path.parents if folder.is_relative_to(root) and folder != root]
    return all(each.stat().st_mode & 0o077 for each in (path, *above))
