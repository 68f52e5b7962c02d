"""`gw bench`: how fast the project is, as ratios against stock, and how much memory it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Set-up")
    def bench(
        pairs: Annotated[int | None, typer.Option(min=1, help="Pairs of runs per row; medians are shown.")] = None,
        output: Annotated[Path, typer.Option(help="Where the figures are written as JSON.")] = Path("bench.json"),
    ) -> None:
        """Measure, print a table and write bench.json.

        Example: `gw bench --pairs 5`
        """
        from groundwork import bench as benchmarks
        from groundwork.cli.context import Context

        context = Context.here()
        found = benchmarks.run(context.project, context.environ, pairs=pairs, on_step=console.note)
        console.out.print(found.table())
        found.write(output)
        console.note(f"written: {output}")
