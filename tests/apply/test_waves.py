"""Stacks that read each other are planned together and applied with one approval, unless a plan turns out to differ."""

from __future__ import annotations

import json

import pytest

from groundwork.apply.held_back import PartlyApplied
from groundwork.plan.bundle import Index
from groundwork.plan.run_plans import Plans
from groundwork.refusals import Code
from tests.support.planned_project import PlannedProject

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def reading(*stacks: str, output: str = "value") -> dict[str, dict[str, str]]:
    """A resource per upstream stack that keeps its output."""
    return {f"from_{name}": {"input": f"${{data.terraform_remote_state.{name}.outputs.{output}}}"} for name in stacks}


def push(project: PlannedProject, plans: Plans) -> Index:
    return project.push(plans.made, waiting=plans.waiting)


def waves(plans: Plans) -> dict[str, tuple[int, bool, str]]:
    """Stack → wave, whether it is provisional, and outcome."""
    return {made.bundle.stack: (made.bundle.wave, made.bundle.provisional, made.bundle.outcome) for made in plans.made}


def test_a_single_approval_covers_a_change_of_several_stacks(project: PlannedProject) -> None:
    up = project.stack("up", {"thing": {"input": "first"}}, outputs={"value": "first"})
    mid = project.stack(
        "mid", reading("up"), outputs={"value": "${data.terraform_remote_state.up.outputs.value}"}, reads=["up"]
    )
    down = project.stack("down", reading("mid", "up"), reads=["mid", "up"])
    beside = project.stack("beside", {"thing": {"input": "alone"}})
    plans = project.plans()
    assert plans.waiting == ()
    assert waves(plans) == {
        up: (0, False, "change"),
        mid: (1, True, "change"),
        down: (2, True, "change"),
        beside: (0, False, "change"),
    }
    index = push(project, plans)
    assert [(stored.wave, stored.provisional) for stored in index.bundles if stored.stack == down] == [(2, True)]

    results = project.apply(index)
    assert [result.how for result in results if result.stack == down] == ["2 added, 0 changed, 0 destroyed"]
    assert project.inputs(down) == {"from_mid": "first", "from_up": "first"}

    project.stack("up", {"thing": {"input": "second"}}, outputs={"value": "second"})
    plans = project.plans()
    assert waves(plans)[down] == (2, True, "change")
    assert waves(plans)[beside] == (0, False, "no change")
    project.apply(push(project, plans))
    assert project.inputs(down) == {"from_mid": "second", "from_up": "second"}
    assert waves(project.plans()) == dict.fromkeys((up, mid, down, beside), (0, False, "no change"))


def test_a_later_wave_is_planned_again_and_the_approved_plan_is_kept(project: PlannedProject) -> None:
    project.stack("up", {"thing": {"input": "first"}}, outputs={"value": "first"})
    down = project.stack("down", reading("up"), reads=["up"])
    index = push(project, project.plans())
    project.apply(index)
    last = project.store.last_applied(down)
    assert last is not None
    assert last.stored.digest == next(stored.digest for stored in index.bundles if stored.stack == down)


def test_an_upstream_whose_outputs_do_not_change_is_still_applied_first(project: PlannedProject) -> None:
    up = project.stack("up", {"thing": {"input": "first"}}, outputs={"value": "same"})
    down = project.stack("down", reading("up"), reads=["up"])
    project.apply(push(project, project.plans()))
    project.stack("up", {"thing": {"input": "second"}}, outputs={"value": "same"})
    plans = project.plans()
    assert waves(plans) == {up: (0, False, "change"), down: (1, True, "no change")}
    assert [result.how for result in project.apply(push(project, plans))] == [
        "0 added, 1 changed, 0 destroyed",
        "no change",
    ]


def test_refuses_wave_waits(project: PlannedProject) -> None:
    """A stack that reads an output known only after an apply waits for its own plan and approval."""
    up = project.stack("up", {"thing": {}}, outputs={"value": "known", "id": "${terraform_data.thing.id}"})
    reads_known = project.stack("known", reading("up"), reads=["up"])
    reads_id = project.stack("id", reading("up", output="id"), outputs={"value": "x"}, reads=["up"])
    behind = project.stack("behind", reading("id"), reads=["id"])
    plans = project.plans()
    assert {waiting.stack: (waiting.upstream, waiting.outputs) for waiting in plans.waiting} == {
        reads_id: ((up,), (f"{up}.id",)),
        behind: ((reads_id,), ()),
    }
    index = push(project, plans)
    with pytest.raises(PartlyApplied) as held:
        project.apply(index)
    assert {refusal.stack: refusal.code for refusal in held.value.refusals} == dict.fromkeys(
        (reads_id, behind), Code.WAVE_WAITS
    )
    assert f"{up}.id" in str(held.value)
    assert f"gw plan make {reads_id}" in str(held.value)
    assert held.value.exit_code == 13
    assert [result.stack for result in held.value.done] == [up, reads_known]
    assert project.inputs(reads_known) == {"from_up": "known"}
    (recorded,) = project.store.decisions("refused")
    assert (set(recorded.stacks), recorded.codes) == ({reads_id, behind}, ("wave-waits",))

    plans = project.plans()
    assert waves(plans)[reads_id] == (0, False, "change")
    assert waves(plans)[behind] == (1, True, "change")
    project.apply(push(project, plans))
    assert project.inputs(behind) == {"from_id": "x"}


def test_refuses_wave_differs(project: PlannedProject) -> None:
    """An approved plan was made from planned outputs; with the real outputs, it is another plan."""
    other = project.stack("other", {"thing": {"input": "then"}}, outputs={"value": "then"})
    project.apply(push(project, project.plans()))
    up = project.stack("up", {"thing": {"input": "first"}}, outputs={"value": "first"})
    down = project.stack("down", reading("up", "other"), outputs={"value": "x"}, reads=["up", "other"])
    behind = project.stack("behind", reading("down"), reads=["down"])
    beside = project.stack("beside", reading("up"), reads=["up"])
    index = push(project, project.plans(up, down, behind, beside))

    secret = "a-value-that-nobody-may-see"
    project.stack("other", {"thing": {"input": secret}}, outputs={"value": secret})
    project.synth()
    project.deploy_as_it_is(other)

    with pytest.raises(PartlyApplied) as held:
        project.apply(index)
    refusals = {refusal.stack: refusal for refusal in held.value.refusals}
    assert {stack: refusal.code for stack, refusal in refusals.items()} == {
        down: Code.WAVE_DIFFERS,
        behind: Code.WAVE_WAITS,
    }
    assert "terraform_data.from_other (input" in refusals[down].sentence
    assert secret not in str(held.value)
    assert [result.stack for result in held.value.done] == [up, beside]
    assert project.inputs(beside) == {"from_up": "first"}
    assert project.state(down) is None
    assert project.store.last_applied(down) is None


@pytest.mark.parametrize("named", [True, False])
def test_gw_deploy_shows_what_was_applied_and_what_waits(project: PlannedProject, named: bool) -> None:
    project.stack("delivery", {"thing": {}})  # open_store takes the backend from it
    up = project.stack("up", {"thing": {}}, outputs={"id": "${terraform_data.thing.id}"})
    down = project.stack("down", reading("up", output="id"), reads=["up"])
    made = project.gw("plan", "make", "local")
    assert made.returncode == 0, made.stderr
    assert f"for {up} ({up}.id unknown until then)" in made.stdout
    for words in (["plan", "push"], ["approve", "local", "--as", "grace", "--yes"]):
        assert project.gw(*words).returncode == 0
    assert f"{up}.id unknown until then" in " ".join(project.gw("plan", "show").stdout.split())
    plans = str(project.index_path)

    done = project.gw("deploy", *([up, down] if named else ["local"]), "--approved", plans, "--json")
    rows = {row["stack"]: row["how"] for row in json.loads(done.stdout)}
    assert rows[up] == "1 added, 0 changed, 0 destroyed"
    assert project.state(up) is not None
    if named:
        assert done.returncode == 13
        assert "wave-waits" in done.stderr
        assert f"gw plan make {down}" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert rows[down] == f"waits for a plan of its own: gw plan make {down}"
