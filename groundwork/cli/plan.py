"""`gw plan`: bundles from the plan job to the apply job. Each part adds its commands to `plan_app`."""

from __future__ import annotations

import importlib

import typer

plan_app = typer.Typer(help="Make, store, fetch and show plans that wait for an approval.", no_args_is_help=True)

# Modules of this package that add a command to `plan_app` when they are imported, in the order of `gw plan --help`.
PARTS: tuple[str, ...] = ("plan_make", "plan_store")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name in PARTS:
        importlib.import_module(f"groundwork.cli.{name}")
    app.add_typer(plan_app, name="plan", rich_help_panel="Stacks")
