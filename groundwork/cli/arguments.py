"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Targets = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ENVIRONMENT|STACK]...", help="Environments or single stacks; all by default."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
SkipSynth = Annotated[bool, typer.Option("--skip-synth", help="Use the last synthesis.")]
LockTimeout = Annotated[
    int, typer.Option("--lock-timeout", min=0, metavar="SECONDS", help="Wait so long for the lock of each state.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
