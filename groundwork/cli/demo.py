"""`gw demo`: the main job on the laptop, from an empty embedded AWS to a reviewed change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundwork.delivery.diff import StackDiff
    from groundwork.delivery.rollout import Rollout
    from groundwork.delivery.workspace import Workspace
    from groundwork.demo.measure import Measured


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Laptop")
    def demo(
        port: Annotated[int | None, typer.Option(help="Port of the embedded AWS; 4566 unless given.")] = None,
        json: Json = False,
    ) -> None:
        """Deploy the platform to the embedded AWS, call it, prove that a second diff is empty, and review a change.

        Runs again at any time, also after it was interrupted. The files of the checkout stay as they are; `gw destroy
        local` takes everything away. Example: `gw demo`
        """
        from groundwork.cli.context import Context
        from groundwork.delivery.rollout import Rollout
        from groundwork.demo import story
        from groundwork.demo.measure import Measured, watching
        from groundwork.demo.summary import Summary

        context, measured = Context.here(), Measured()
        chapter = _Chapters(measured)
        with chapter("Start the embedded AWS", "embedded AWS up"):
            running = context.cloud.up(port)
            console.note(f"{running.endpoint}, process {running.pid}")
        workspace = context.workspace()
        with watching(measured, running.pid):
            with chapter("Synthesise: environments/local.yaml → Python → Terraform", "synth"):
                manifest = workspace.synth([story.ENVIRONMENT])
                rollout = Rollout(workspace, workspace.select(manifest, [story.ENVIRONMENT]))
                console.note(f"{len(rollout.stacks)} stacks, {sum(rollout.totals.values())} resources")
            with chapter("Bootstrap: the bucket and table that hold the Terraform states", "bootstrap"):
                rollout.prepare(console.note)
            with chapter("Deploy: cdktf deploy, through the genuine AWS provider", "deploy"):
                _deploy(rollout)
            with chapter("Call: API Gateway → Lambda → the other account's bucket", "call"):
                _call(workspace)
            with chapter("Diff: nothing is left to change", "second diff"):
                story.require_unchanged(_diff(workspace, rollout.stacks))
            changed, what = story.with_change(workspace)
            with chapter(f"Review: what a pull request with {what} shows", "diff of a change"):
                _review(changed)
        outputs = workspace.store(story.API).public_outputs()
        result = Summary.of(context.project, measured, rollout.totals, outputs, running.endpoint)
        if json:
            console.print_json(result.as_json())
            return
        console.note("\n[bold]Summary[/]")
        for line in result.lines():
            console.say(line)


class _Chapters:
    """Numbered headings on standard error; what happens under one is timed."""

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
    from groundwork.cli.applying import following

    with console.bars() as bars:
        for one in rollout.deploy(following(bars, rollout.totals, "deploying"), console.note):
            bars.end(one.stack, one.how)


def _call(workspace: Workspace) -> None:
    from groundwork.demo import story

    written = story.call(workspace)
    console.note(f"POST {written.answer.url} → {written.answer.status} in {written.answer.seconds:.1f} s")
    console.note(f"s3://{written.bucket}/{written.key}: {written.size} bytes, beginning with {written.first_record}")
    console.note(f"the main account may not read it, as it should be: {written.refused_to}")


def _diff(workspace: Workspace, stacks: Sequence[str]) -> list[StackDiff]:
    from groundwork.cli.diff import show

    with console.bars() as bars:
        found = workspace.diff(
            stacks,
            on_begin=lambda stack: bars.begin(stack, total=None, doing="planning"),
            on_end=lambda one: bars.end(one.stack, one.status.value),
        )
    show(found, text=False, to=console.err)
    return found


def _review(changed: Workspace) -> None:
    from groundwork.cli.diff import plan_only
    from groundwork.demo import story

    changed.synth([story.ENVIRONMENT])
    (found,) = _diff(changed, [story.API])
    story.require_changed(found)
    console.note(console.escape(plan_only(found.text)))
