"""`gw bench`: how fast synthesis and diffs are compared with the stock commands, and how much memory they need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def bench(
        cases: Annotated[
            list[str] | None, typer.Argument(metavar="CASE", help="Words of a case's title; all cases by default.")
        ] = None,
        pairs: Annotated[int | None, typer.Option(min=1, help="Pairs of runs per row; medians are shown.")] = None,
        output: Annotated[
            Path | None,
            typer.Option(help="JSON file for the figures; bench.json by default, none for single cases."),
        ] = None,
    ) -> None:
        """Measure, print a table and, for all cases, write bench.json.

        Examples: `gw bench --pairs 5`, `gw bench diff`
        """
        from groundwork import bench as benchmarks
        from groundwork.cli.context import Context
        from groundwork.errors import UsageError

        titles = [case.title for case in benchmarks.CASES]
        words = cases or [""]
        if unknown := [word for word in words if not any(word in title for title in titles)]:
            raise UsageError(f"no case is called {', '.join(unknown)}", fix=f"a word of: {'; '.join(titles)}")
        wanted = [case for case in benchmarks.CASES if any(word in case.title for word in words)]
        context = Context.here()
        report = benchmarks.run(context.project, context.environ, cases=wanted, pairs=pairs, on_step=console.note)
        console.out.print(report.table())
        if output is None and wanted == list(benchmarks.CASES):
            output = Path("bench.json")
        if output:
            report.write(output)
            console.note(f"written: {output}")
