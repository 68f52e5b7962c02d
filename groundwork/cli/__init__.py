"""The command `gw`: reads flags, environment and clock, calls the library, and turns its errors into exit codes.

Each command is one module of this package with a `register(app)`; heavy imports stay inside the commands.
"""

from __future__ import annotations

import errno
import gc
import importlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import typer

from groundwork.errors import GroundworkError, Interrupted, UsageError

# In the order of `gw --help`.
COMMANDS = (
    "synth", "list_stacks", "diff", "drift", "review", "plan_store", "approve", "deploy", "destroy", "bootstrap",
    "state", "recover", "local", "check", "preflight", "audit", "github", "where",
    "doctor", "setup", "lock", "package", "bench",
)  # fmt: skip

_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""Errors of a full or read-only disk and of missing rights, which no code has to expect at every single write."""

HELP = """A platform on AWS as Python CDKTF stacks, with a reviewed pipeline and a laptop that runs all of it.

Exit codes: 0 fine, 2 wrong usage, 3 environment file, 4 tool missing, 5 synthesis, 6 Terraform, 7 blocked by an
upstream stack, 8 check failed, 9 embedded AWS, 10 packaging, 11 state locked, 12 Helm release, 13 refused by the gate
or by preflight, 14 GitHub, 130 interrupted.
`gw diff` also ends with 20, 21, 23 and 24, `gw review` 20 and 22, `gw drift` 20, 21 and 25, `gw recover` 26: see their
`--help`.
"""


_ALLOCATIONS = 50_000
"""Allocations between two collections of garbage, where Python's 700 cost a review a tenth of its time."""


def application() -> typer.Typer:
    """The command line with every command registered."""
    app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)
    for module in (*_platform_commands(), *(f"groundwork.cli.{name}" for name in COMMANDS)):
        importlib.import_module(module).register(app)
    return app


def _platform_commands() -> Sequence[str]:
    """Modules of the commands that the checkout's platform adds; empty outside of a checkout or where it is broken."""
    from groundwork import platform
    from groundwork.paths import Project

    try:
        return platform.load(Project.find(Path.cwd())).commands
    except UsageError:
        return ()  # a command that needs the platform reports it


def main() -> None:
    """Run the command line; this is what `gw` starts."""
    from groundwork.cli import console

    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
    console.accept_every_character()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        application()()
    except GroundworkError as error:
        console.show_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of a pipe has ended (`gw list | head`), which is not an error.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        problem = _of_the_machine(error)
        console.show_error(problem)
        sys.exit(problem.exit_code)


def _of_the_machine(error: OSError) -> GroundworkError:
    return UsageError(
        f"{error.filename or 'a file'}: {error.strerror}",
        fix="make room on the disk, or let yourself write there, and run the same command again; "
        "`gw recover` shows what an apply left",
    )


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(f"stopped by {signal.Signals(number).name}")
