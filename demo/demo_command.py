"""`gw demo`: the whole process on the laptop, from an empty embedded AWS to an approved change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from demo.measure import Measured
    from demo.pull_request import Delivery
    from groundwork.apply.rollout import Rollout
    from groundwork.plan.bundle import Index
    from groundwork.plan.diff import StackDiff
    from groundwork.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Laptop")
    def demo(
        port: Annotated[int | None, typer.Option(help="Port of the embedded AWS; 4566 by default.")] = None,
        json: Json = False,
    ) -> None:
        """Deploy the platform to the embedded AWS, call it, and take a change from a pull request to an approved apply.

        Can be run again at any time, also after an interruption. The files of the checkout do not change; `gw destroy
        local` removes what was deployed. Example: `gw demo`
        """
        from demo import story
        from demo.measure import Measured, watching
        from demo.pull_request import REVIEWER, Delivery
        from demo.summary import Summary
        from groundwork.apply.rollout import Rollout
        from groundwork.cli import plain_deploys
        from groundwork.cli.context import Context

        context, measured = Context.here(), Measured()
        chapter = _Chapters(measured)
        with chapter("Start the embedded AWS", "embedded AWS up"):
            running = context.cloud.up(port)
            console.note(f"{running.endpoint}, process {running.pid}")
        workspace = context.workspace()
        with watching(measured, running.pid):
            main, change = story.before_the_pull_request(workspace)
            with chapter("Synthesise main: environments/local.yaml → Python → Terraform", "synth"):
                manifest = main.synth([story.ENVIRONMENT])
                stacks = main.select(manifest, [story.ENVIRONMENT])
                rollout = Rollout(main, stacks, context.releaser, plain_deploys.recording(main))
                plain_deploys.settle(main, stacks)
                console.note(f"{len(rollout.stacks)} stacks, {sum(rollout.totals.values())} resources")
            with chapter("Bootstrap: the bucket and table that hold the Terraform states", "bootstrap"):
                rollout.prepare(console.note)
            with chapter("Deploy: cdktf deploy, with the real AWS provider", "deploy"):
                _deploy(rollout)
            with chapter("Call: API Gateway → Lambda → the other account's bucket", "call"):
                _call(main)
            with chapter("Diff: nothing would change", "second diff"):
                story.require_unchanged(_diff(main, rollout.stacks))
            with chapter(f"Pull request: {change}", "review"):
                page = _review(main, workspace)
            with chapter("Plan: the stack's folder and its plan, packed and stored together", "plan"):
                delivery = Delivery.plan(workspace, story.ENVIRONMENT, [story.API])
                _show_plans(delivery.index)
            with chapter("Approve: somebody who did not contribute approves exactly these plans", "approve"):
                delivery.approve()
                console.note(
                    f"approved by {REVIEWER}: {', '.join(stored.digest[:12] for stored in delivery.index.bundles)}"
                )
            with chapter("Apply: cdktf deploy, with exactly that plan", "apply"):
                _apply(delivery)
            with chapter("Refuse: the same plans again", "refusal"):
                for refusal in delivery.apply_again():
                    console.note(
                        f"{refusal.code}: {refusal.sentence}\n  [dim]fix: {console.escape(refusal.command)}[/]"
                    )
        outputs = workspace.store(story.API).public_outputs()
        result = Summary.of(
            context.project, measured, totals=rollout.totals, outputs=outputs, endpoint=running.endpoint, report=page
        )
        if json:
            console.print_json(result.as_json())
            return
        console.note("\n[bold]Summary[/]")
        for line in result.lines():
            console.say(line)


class _Chapters:
    """Numbered headings on standard error; the time under each is measured."""

    def __init__(self, measured: Measured) -> None:
        self._measured = measured
        self._number = 0

    @contextmanager
    def __call__(self, heading: str, step: str) -> Iterator[None]:
        self._number += 1
        console.note(f"\n[bold]{self._number}. {heading}[/]")
        with self._measured.step(step):
            yield


def _deploy(rollout: Rollout) -> None:
    from groundwork.cli.applying import update_bars

    with console.bars() as bars:
        for result in rollout.deploy(update_bars(bars, rollout.totals, "deploying"), console.note):
            bars.end(result.stack, result.how)


def _call(workspace: Workspace) -> None:
    from demo import story

    written = story.call(workspace)
    console.note(f"POST {written.answer.url} → {written.answer.status} in {written.answer.seconds:.1f} s")
    console.note(f"s3://{written.bucket}/{written.key}: {written.size} bytes, beginning with {written.first_record}")
    console.note(f"the main account may not read it: {written.refused_to}")


def _diff(workspace: Workspace, stacks: Sequence[str]) -> list[StackDiff]:
    from groundwork.cli.diff import show
    from groundwork.plan.chained_diff import diff_stacks

    with console.bars() as bars:
        diffs = diff_stacks(
            workspace,
            stacks,
            on_begin=lambda stack: bars.begin(stack, total=None, doing="planning"),
            on_end=lambda diff: bars.end(diff.stack, diff.status.value),
        )
    show(diffs, text=False, to=console.err)
    return diffs


def _review(main: Workspace, pull_request: Workspace) -> Path:
    from demo import story
    from demo.pull_request import report
    from groundwork.cli.review import show

    pull_request.synth([story.ENVIRONMENT])
    review, page = report(pull_request, main)
    show(review, to=console.err)
    console.note(f"the report: {page}")
    return page


def _show_plans(index: Index) -> None:
    for stored in index.bundles:
        console.note(f"{stored.stack}: {stored.outcome}, {stored.location}, SHA-256 {stored.digest[:12]}…")


def _apply(delivery: Delivery) -> None:
    from groundwork.cli.applying import update_bars

    with console.bars() as bars:
        for result in delivery.apply(update_bars(bars, {}, "applying the approved plan")):
            bars.end(result.stack, result.how)
