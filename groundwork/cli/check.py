"""`gw check`: checkov and tflint over every synthesised stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, SkipSynth, Targets

if TYPE_CHECKING:
    from groundwork.checks.findings import Verdict


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Stacks")
    def check(
        targets: Targets = None,
        skip_synth: SkipSynth = False,
        waivers: Annotated[bool, typer.Option("--waivers", help="List the waivers, with reason and end.")] = False,
        sarif: Annotated[
            Path | None,
            typer.Option("--sarif", dir_okay=False, help="Write findings as SARIF 2.1.0, at their Python lines."),
        ] = None,
        annotations: Annotated[
            bool, typer.Option("--annotations", help="Print findings as annotations of GitHub Actions.")
        ] = False,
        json: Json = False,
    ) -> None:
        """Run checkov and tflint over synthesised stacks, minus the findings that are waived beside the code.

        Versions whose support by AWS ends within 60 days are findings, too.

        Ends with 8 on an open finding, an expired waiver or an unused one. Examples: `gw check`,
        `gw check prod --waivers`
        """
        from datetime import UTC, datetime

        from groundwork.checks import run
        from groundwork.cli.context import Context
        from groundwork.errors import CheckFailed

        context = Context.here()
        workspace = context.workspace()
        wanted = targets or []
        manifest = workspace.manifest() if skip_synth else workspace.synth(workspace.environments_of(wanted))
        folders = [manifest.stack(stack).folder for stack in workspace.select(manifest, wanted)]
        checkers = context.checkers(console.note)
        with console.bars() as bars:
            bars.begin("check", total=None, doing=f"checkov and tflint on {len(folders)} stacks")
            verdict = run.run_checks(folders, checkers, today=datetime.now(UTC).date())
            bars.end("check", "clean" if verdict.clean else "failed")
        _for_github(verdict, workspace.out, sarif, annotations=annotations)
        if json:
            console.print_json({part: [vars(item) for item in getattr(verdict, part)] for part in vars(verdict)})
        elif waivers:
            table = console.table("stack", "resource", "check", "until", "where", "why")
            for item in run.waivers(folders):
                table.add_row(item.stack, item.address, item.check, str(item.expires), item.source, item.reason)
            console.out.print(table)
        if not verdict.clean:
            raise CheckFailed(
                "\n".join(
                    [
                        *(f"open: {finding}" for finding in verdict.open),
                        *(f"expired: {waiver}" for waiver in verdict.expired),
                        *(f"unused: {waiver}" for waiver in verdict.unused),
                    ]
                ),
                fix="docs/runbooks/checks.md: correct the resource, waive(…) beside it, or remove the waiver",
            )
        if not json:
            console.say(f"{len(folders)} stacks are clean; {len(verdict.waived)} findings are waived")


def _for_github(verdict: Verdict, out: Path, sarif: Path | None, *, annotations: bool) -> None:
    from groundwork.github import diagnostics
    from groundwork.github.annotations import commands
    from groundwork.github.sarif import CHECKS, write

    entries = diagnostics.of_verdict(verdict, out) if sarif or annotations else []
    if sarif:
        write(sarif, entries, tools=CHECKS)
    for line in commands(entry.annotation() for entry in entries) if annotations else ():
        # GitHub reads its commands from either stream; standard output may be JSON.
        console.err.file.write(f"{line}\n")
