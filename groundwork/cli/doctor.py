"""`gw doctor`: each tool, where it came from, what is missing, and the one command that fixes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from groundwork.toolchain.doctor import ToolStatus


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(json: bool = typer.Option(False, "--json", help="Print the results as JSON.")) -> None:
        """Check every tool and change nothing. Ends with 4 where a required tool is missing."""
        import dataclasses
        import os
        from pathlib import Path

        from groundwork.cli import console
        from groundwork.paths import Project
        from groundwork.toolchain.doctor import examine

        tools = [*examine(os.environ, Project.find(Path.cwd())), _isolation()]
        if json:
            console.print_json([{**dataclasses.asdict(tool), "ok": tool.ok} for tool in tools])
        else:
            table = console.table("", "tool", "version", "from", "fix")
            for tool in tools:
                mark = "[green]✓" if tool.ok else "[bold red]✗" if tool.required else "[yellow]-"
                where = (tool.origin if tool.ok else tool.problem).replace(f"{Path.home()}/", "~/")
                table.add_row(
                    mark,
                    tool.tool,
                    console.escape(tool.version),
                    console.escape(where),
                    console.escape(tool.fix),
                )
            console.out.print(table)
        if any(tool.required and not tool.ok for tool in tools):
            raise typer.Exit(4)


def _isolation() -> ToolStatus:
    """Whether functions of the embedded AWS can be kept apart from this machine."""
    import tempfile
    from pathlib import Path

    from groundwork.toolchain.doctor import ToolStatus
    from localcloud.aws.lambda_isolation import Isolation
    from localcloud.aws.lambda_spec import CannotRun

    with tempfile.TemporaryDirectory() as folder:
        try:
            problem = Isolation(Path(folder)).problem
        except CannotRun as error:
            problem = str(error)
    fix = "allow user namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0)" if problem else ""
    return ToolStatus("namespaces for functions", False, origin="Linux", problem=problem, fix=fix)
