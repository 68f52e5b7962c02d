"""`groundwork-terraform`: what cdktf-cli starts instead of Terraform while approved plans are applied.

cdktf would run `terraform apply -auto-approve`, which plans again and applies what comes of it. This program knows, by
a ticket, which plan is approved for each folder, looks once more that nothing in the folder is different, and becomes
the genuine Terraform with that plan. It becomes it (exec) rather than starting it, so that whoever interrupts cdktf
interrupts Terraform, exactly as without it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from groundwork.apply.ticket import NoTicket, Ticket
from groundwork.plan import digest
from groundwork.terraform.environ import cleaned

REFUSED = "groundwork refuses"
"""Begins the title of the error that this program prints in Terraform's form; behind it the code of the refusal."""

_TAMPERED = "bundle-tampered"
_ABOUT_ITSELF = {"version", "-v", "-version", "--version"}
_PARALLELISM = re.compile(r"-parallelism=-?\d+")


class NotApproved(Exception):
    """The stand-in does not go on; `code` is the refusal's."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def command(arguments: Sequence[str], folder: Path, ticket: Ticket) -> list[str]:
    """The genuine command that `arguments`, given in `folder`, becomes; raises NotApproved."""
    verb, options = (arguments[0], set(arguments[1:])) if arguments else ("", set())
    if verb in _ABOUT_ITSELF:
        return [ticket.terraform, *arguments]
    approved = ticket.folder(folder)
    if approved is None:
        raise NotApproved(_TAMPERED, f"{folder} holds no approved plan")
    if different := digest.differences(approved.files, folder):
        raise NotApproved(_TAMPERED, f"after the approval, in {folder}: {'; '.join(different)}")
    if verb == "init" and options <= {"-no-color", "-input=false"}:
        return [ticket.terraform, "init", "-input=false", "-lockfile=readonly", "-no-color"]
    if verb == "output" and options <= {"-no-color", "-json"}:
        return [ticket.terraform, *arguments]
    rest = {one for one in options if not _PARALLELISM.fullmatch(one)}
    if verb == "apply" and "-auto-approve" in rest and rest <= {"-auto-approve", "-no-color", "-input=false"}:
        (Path(ticket.started) / approved.stack).touch()
        return [ticket.terraform, "apply", "-input=false", "-no-color", approved.plan]
    raise NotApproved(_TAMPERED, f"`terraform {' '.join(arguments)}` is no part of applying an approved plan")


def main() -> None:
    """Become Terraform, or print why not in Terraform's form and end with 1."""
    try:
        ticket = Ticket.read(os.environ)
        genuine = command(sys.argv[1:], Path.cwd(), ticket)
    except NotApproved as refused:
        _print_error(refused.code, str(refused))
    except NoTicket as missing:
        _print_error(_TAMPERED, str(missing))
    else:
        sys.stdout.flush()
        os.execve(genuine[0], genuine, cleaned(os.environ))  # noqa: S606 (an argument list, no shell)


def _print_error(code: str, sentence: str) -> None:
    sys.stderr.write(f"\nError: {REFUSED}: {code}: {sentence}\n")
    sys.exit(1)
