"""`gw plan outputs`: the index of plans as outputs of a job, for the job that applies them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundwork.cli import console
from groundwork.cli.plan import plan_app

_NO_CHANGE = "no change"


@plan_app.command()
def outputs(
    plans: Annotated[
        Path | None, typer.Argument(metavar="[PLANS]", help="The index (.groundwork/plans/plans.json).")
    ] = None,
) -> None:
    """Print `plans`, `changes` and `waiting` as lines of GITHUB_OUTPUT.

    `plans` is the index on one line; `changes` and `waiting` say whether anything would be applied, and whether stacks
    wait for that. Example: `gw plan outputs >> "$GITHUB_OUTPUT"`
    """
    from groundwork.cli.context import Context
    from groundwork.errors import UsageError
    from groundwork.plan import plans_file

    path = plans or Context.here().project.work / "plans" / plans_file.NAME
    index = plans_file.read(path)
    if not plans_file.pushed(index):
        raise UsageError(f"the plans in {path} are in no store yet", fix="gw plan push")
    changes = any(one.outcome != _NO_CHANGE for one in index.bundles)
    for name, value in (
        ("plans", index.model_dump_json()),
        ("changes", _word(changes)),
        ("waiting", _word(bool(index.waiting))),
    ):
        console.out.file.write(f"{name}={value}\n")


def _word(yes: bool) -> str:
    return "true" if yes else "false"
