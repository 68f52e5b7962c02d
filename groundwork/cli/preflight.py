"""`gw preflight`: checks whether synthesised Terraform may be planned with credentials."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, Targets


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Pipeline")
    def preflight(
        targets: Targets = None,
        out: Annotated[
            Path | None, typer.Option(help="Synthesised output to check, for example of a pull request.")
        ] = None,
        canaries: Annotated[
            bool,
            typer.Option("--canaries", help="Also synthesise with canaries in the environment."),
        ] = False,
        json: Json = False,
    ) -> None:
        """Check synthesised Terraform before anything with credentials reads it. Needs no credentials itself.

        Only what this checkout allows passes: providers, data sources, backends, endpoints, roles, files. Ends with 13
        where a stack breaks a rule. Examples: `gw preflight`, `gw preflight --out pull-request/cdktf.out`,
        `gw preflight --canaries`
        """
        from groundwork.cli.context import Context
        from groundwork.preflight.check import Rules, check
        from groundwork.preflight.synthesis import with_canaries
        from groundwork.refusals import require_none

        workspace = Context.here().workspace()
        rules = Rules(workspace.environments, workspace.project.provider_locks)
        manifest = workspace.manifest() if out is None else None
        stacks = workspace.select(manifest, targets) if manifest and targets else None
        refusals = check(out or workspace.out, rules, stacks=stacks)
        if canaries:
            refusals += with_canaries(workspace)
        if json:
            console.print_json(
                [
                    {"code": refusal.code, "stack": refusal.stack, "why": refusal.sentence, "fix": refusal.command}
                    for refusal in refusals
                ]
            )
        require_none(refusals)
        if not json:
            console.say("passed: no violations")
