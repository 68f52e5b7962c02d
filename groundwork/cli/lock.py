"""`gw lock`: the committed provider lock files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def lock(
        check: Annotated[bool, typer.Option("--check", help="Only report what is missing; needs no network.")] = False,
        mirror: Annotated[Path | None, typer.Option(help="Folder of a provider mirror to take packages from.")] = None,
        json: Json = False,
    ) -> None:
        """Complete the provider locks for all platforms, from a mirror where possible, else from the registry.

        Ends with 4 where a hash is missing afterwards. Examples: `gw lock --check`, `gw lock`
        """
        from groundwork.cli.context import Context
        from groundwork.errors import ToolMissing
        from groundwork.synthesis import lock_completion
        from groundwork.toolchain import environment, terraform
        from groundwork.toolchain import mirror as mirrors

        context = Context.here()
        if check:
            hashes = lock_completion.check_locks(context.project.provider_locks)
        else:
            binary = terraform.find(context.environ, context.project, may_download=False)
            known = mirrors.find_mirrors(context.environ, mirror)
            hashes = lock_completion.complete_locks(
                context.project.provider_locks,
                out=context.project.out,
                terraform=binary.path,
                environ=environment.environment(context.environ, context.project, binary),
                mirror=known[0].path if known else None,
            )
        missing = [each for each in hashes if not each.known]
        if json:
            console.print_json([{**vars(each), "provider": str(each.provider)} for each in hashes])
        else:
            table = console.table("provider", "platform", "hash")
            for each in hashes:
                shown = "[green]committed[/]" if each.known else f"[yellow]missing[/] {console.escape(each.reason)}"
                table.add_row(str(each.provider), each.platform, shown)
            console.out.print(table)
        if missing:
            raise ToolMissing(
                f"{len(missing)} of {len(hashes)} provider hashes are missing",
                fix="run `gw lock` where the Terraform registry can be reached, and commit the files",
            )
