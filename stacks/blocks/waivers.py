"""Waives a finding of checkov or tflint for one resource, beside the resource, with a reason and a last day."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from cdktf import TerraformElement, TerraformResource, TerraformStack

from groundwork.synthesis.manifest import WAIVERS

MINIMUM_REASON = 30
REVIEW_BY = date(2027, 10, 31)
"""The last day of every waiver that names no other: then each reason is read again, and dropped or extended here."""


@dataclass(frozen=True)
class Waiver:
    """One accepted finding. `address` is the resource's in its stack's Terraform, `source` the Python line."""

    address: str
    check: str
    reason: str
    expires: date
    source: str


def waive(resource: TerraformResource, *checks: str, reason: str, expires: date = REVIEW_BY) -> None:
    """Accept findings on one resource until a day (inclusive). `reason` must convince a reviewer who knows AWS.

    The review gate fails on a waiver that has expired or that no finding needs any more. Raises ValueError where the
    reason is too short to be one.
    """
    if len(reason) < MINIMUM_REASON:
        raise ValueError(
            f"waiver of {', '.join(checks)}: {reason!r} is too short a reason; say why the finding is acceptable here"
        )
    # inspect.stack() reads the source of every frame: a tenth of a synthesis.
    caller = sys._getframe(1)  # noqa: SLF001
    source = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}"
    address = f"{resource.terraform_resource_type}.{resource.friendly_unique_id}"
    for check in checks:
        _recorded(resource).append(Waiver(address, check, reason, expires, source))


def waivers(stack: TerraformStack) -> tuple[Waiver, ...]:
    """All waivers of a stack, in the order in which they were written."""
    return tuple(vars(stack).get("_waivers", ()))


def write(stack: TerraformStack, folder: Path) -> None:
    """Leave the waivers of a stack beside its synthesised Terraform, where the gate reads them."""
    listed = [{**asdict(waiver), "expires": waiver.expires.isoformat()} for waiver in waivers(stack)]
    (folder / WAIVERS).write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def _recorded(element: TerraformElement) -> list[Waiver]:
    # Kept on the stack object, so that two apps in one process (tests) never see each other's waivers.
    stack = TerraformStack.of(element)
    recorded: list[Waiver] = vars(stack).setdefault("_waivers", [])
    return recorded
