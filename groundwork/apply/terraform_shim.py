"""`groundwork-terraform`: what cdktf-cli starts instead of Terraform while approved plans are applied.

cdktf would run `terraform apply -auto-approve`, which makes a new plan and applies that. This shim reads from a ticket
which plan is approved for each folder, checks again that nothing in the folder differs, and replaces itself (exec) by
the real Terraform with that plan, so that interrupting cdktf interrupts Terraform.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from groundwork.apply.ticket import NoTicket, Ticket
from groundwork.plan import digest
from groundwork.terraform.environ import terraform_environ

PROGRAM = "groundwork-terraform"
"""The shim's name beside the Python that runs `gw`."""

REFUSED = "groundwork refuses"
"""Beginning of the error's title, which the shim prints as Terraform would; the refusal's code follows."""

_VERSION = {"version", "-v", "-version", "--version"}
_PARALLELISM = re.compile(r"-parallelism=-?\d+")


class NotApproved(Exception):
    """The shim stops here; the text says why, `code` is the refusal's."""

    code = "bundle-tampered"


def command(arguments: Sequence[str], folder: Path, ticket: Ticket) -> list[str]:
    """The command of the real Terraform for a call with `arguments` in `folder`; raises NotApproved."""
    verb, options = (arguments[0], set(arguments[1:])) if arguments else ("", set())
    if verb in _VERSION:
        return [ticket.terraform, *arguments]
    approved = ticket.folder(folder)
    if approved is None:
        raise NotApproved(f"{folder} holds no approved plan")
    if differences := digest.differences(approved.files, folder):
        raise NotApproved(f"after the approval, in {folder}: {'; '.join(differences)}")
    if verb == "init" and options <= {"-no-color", "-input=false"}:
        return [ticket.terraform, "init", "-input=false", "-lockfile=readonly", "-no-color"]
    rest = {option for option in options if not _PARALLELISM.fullmatch(option)}
    if verb == "apply" and "-auto-approve" in rest and rest <= {"-auto-approve", "-no-color", "-input=false"}:
        (Path(ticket.started) / approved.stack).touch()
        return [ticket.terraform, "apply", "-input=false", "-no-color", approved.plan]
    raise NotApproved(f"`terraform {' '.join(arguments)}` does not belong to applying an approved plan")


def main() -> None:
    """Become Terraform, or print the reason against it as Terraform would and end with 1."""
    try:
        real = command(sys.argv[1:], Path.cwd(), Ticket.read(os.environ))
    except (NotApproved, NoTicket) as error:
        sys.stderr.write(f"\nError: {REFUSED}: {NotApproved.code}: {error}\n")
        sys.exit(1)
    except OSError as error:  # a full disk, or rights that were lost: nothing is applied
        sys.stderr.write(f"\nError: {error.filename}: {error.strerror}\n")
        sys.exit(1)
    sys.stdout.flush()
    os.umask(0o077)  # plans hold secrets
    os.execve(real[0], real, terraform_environ(os.environ))  # noqa: S606 (an argument list, no shell)
