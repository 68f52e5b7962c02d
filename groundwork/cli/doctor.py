"""`gw doctor`: each tool, where it came from, what is missing, and the one command that fixes it."""

from __future__ import annotations

import typer


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

        findings = examine(os.environ, Project.find(Path.cwd()))
        if json:
            console.print_json([{**dataclasses.asdict(finding), "ok": finding.ok} for finding in findings])
        else:
            table = console.table("", "tool", "version", "from", "fix")
            for finding in findings:
                mark = "[green]✓" if finding.ok else "[bold red]✗" if finding.required else "[yellow]-"
                where = (finding.origin if finding.ok else finding.problem).replace(f"{Path.home()}/", "~/")
                table.add_row(
                    mark,
                    finding.tool,
                    console.escape(finding.version),
                    console.escape(where),
                    console.escape(finding.fix),
                )
            console.out.print(table)
        if any(finding.required and not finding.ok for finding in findings):
            raise typer.Exit(4)
