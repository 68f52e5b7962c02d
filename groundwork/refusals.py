"""Why the pipeline stops: each reason is a value with a code, a sentence, and the command that resolves it.

A code is also the name of its test (`test_refuses_<code>`) and a heading of docs/runbooks/refusals.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from groundwork.errors import Refused


class Code(StrEnum):
    """Every reason, in groups that follow a change: synthesised Terraform, plan, approval, apply."""

    # ── the synthesised Terraform may not be planned with credentials ──────────────────────────────
    PROVIDER_NOT_ALLOWED = "provider-not-allowed"
    MODULE_NOT_ALLOWED = "module-not-allowed"
    BLOCK_NOT_ALLOWED = "block-not-allowed"
    DATA_SOURCE_NOT_ALLOWED = "data-source-not-allowed"
    PROVISIONER_NOT_ALLOWED = "provisioner-not-allowed"
    BACKEND_NOT_ALLOWED = "backend-not-allowed"
    ENDPOINT_NOT_ALLOWED = "endpoint-not-allowed"
    ASSUME_ROLE_NOT_ALLOWED = "assume-role-not-allowed"
    ARGUMENT_NOT_ALLOWED = "argument-not-allowed"
    EXPRESSION_NOT_ALLOWED = "expression-not-allowed"
    FILE_OUTSIDE_STACK = "file-outside-stack"
    FILE_NOT_ALLOWED = "file-not-allowed"
    BAKED_SECRET = "baked-secret"  # noqa: S105 - the name of a reason
    # ── the plan ───────────────────────────────────────────────────────────────────────────────────
    PROVIDER_MISSING = "provider-missing"
    BUNDLE_MISSING = "bundle-missing"
    BUNDLE_TAMPERED = "bundle-tampered"
    FOREIGN_COMMIT = "foreign-commit"
    SYNTH_DIFFERS = "synth-differs"
    LOCK_FILE_DIFFERS = "lock-file-differs"
    TOOL_VERSION_DIFFERS = "tool-version-differs"
    STATE_MOVED = "state-moved"
    DRIFT = "drift"
    PLAN_DIFFERS = "plan-differs"
    RERUN_WITHOUT_PLAN = "rerun-without-plan"
    PROTECTED_DESTROY = "protected-destroy"
    ORPHAN_NOT_APPROVED = "orphan-not-approved"
    RULE_HAS_FINDING = "rule-has-finding"
    RULE_NOT_JUDGED = "rule-not-judged"
    # ── the approval ───────────────────────────────────────────────────────────────────────────────
    ENVIRONMENT_UNPROTECTED = "environment-unprotected"
    APPROVAL_MISSING = "approval-missing"
    APPROVAL_TOO_EARLY = "approval-too-early"
    APPROVAL_BY_AUTHOR = "approval-by-author"
    AUTO_APPLY_OFF = "auto-apply-off"
    NEEDS_APPROVAL = "needs-approval"
    # ── the apply ──────────────────────────────────────────────────────────────────────────────────
    WAVE_WAITS = "wave-waits"
    WAVE_DIFFERS = "wave-differs"
    UNSETTLED_APPLY = "unsettled-apply"


@dataclass(frozen=True)
class Refusal:
    """One reason. `sentence` has no secret, `command` resolves it, `stack` is empty where it concerns the whole run."""

    code: Code
    sentence: str
    command: str
    stack: str = ""

    def __str__(self) -> str:
        where = f"{self.stack}: " if self.stack else ""
        return f"{where}{self.code}: {self.sentence}\n  fix: {self.command}"


def require_none(refusals: Sequence[Refusal]) -> None:
    """Raise Refused with every reason, unless the list is empty."""
    if refusals:
        raise Refused(refusals)


def shortened(items: Sequence[str], most: int = 6) -> str:
    """Items for a sentence: the names of the first `most`, and the number of the others."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
