"""The report of a review as values, from which Markdown, HTML and JSON are written.

Attribute values are JSON text. Sensitive ones have already been replaced by REDACTED, so that no format can leak them.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

REDACTED = "(sensitive)"
SCHEMA = Path(__file__).with_name("schema.json")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(StrEnum):
    """What happens to one resource in the synthesised Terraform."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


class Severity(StrEnum):
    """HIGH may lose data or let somebody in, MEDIUM costs money or weakens a protection, LOW is worth knowing."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Concern(StrEnum):
    """The families of risks, in the order in which a report shows them."""

    DATA_LOSS = "data loss"
    ACCESS = "access"
    NETWORK = "network"
    PROTECTION = "protection"
    COST = "cost"
    PROVIDERS = "providers"
    WAIVERS = "waivers"


class Line(_Frozen):
    """A line of Python: path relative to the checkout, and number."""

    file: str
    line: int


class AttributeChange(_Frozen):
    """One attribute: `path` as in `rule[0].status`; `before` and `after` are JSON text, None where it is absent."""

    path: str
    before: str | None
    after: str | None


class ResourceChange(_Frozen):
    """One resource or data source. Only RENAMED has `renamed_from` and `advice` (the line of Python that keeps it).

    `forces_replacement`: the changed attributes that make Terraform replace the resource; `kind` is CHANGED then.
    """

    stack: str
    address: str
    type: str
    kind: Kind
    attributes: tuple[AttributeChange, ...]
    origin: tuple[Line, ...]
    renamed_from: str = ""
    advice: str = ""
    forces_replacement: tuple[str, ...] = ()


class Risk(_Frozen):
    """What a reviewer should see first. `address` is empty where the risk concerns the whole stack."""

    concern: Concern
    severity: Severity
    stack: str
    address: str
    sentence: str
    origin: tuple[Line, ...]


class PlanResult(_Frozen):
    """The plan of a stack from `gw diff`: its status, counts, and Terraform's text without sensitive values."""

    status: str
    add: int
    change: int
    destroy: int
    why: str
    text: str
    wave: int


class StackReview(_Frozen):
    """One stack. `state`: whether it exists on both sides and differs. `plan` is None where it was not planned."""

    stack: str
    environment: str
    state: Literal["added", "removed", "changed", "untouched"]
    resources: tuple[ResourceChange, ...]
    outputs: tuple[AttributeChange, ...]
    settings: tuple[AttributeChange, ...]
    """Backend, provider and version settings of the stack."""
    plan: PlanResult | None = None


class Review(_Frozen):
    """A whole review. `base` and `head` are commits."""

    format: Literal[1] = 1
    base: str
    head: str
    stacks: tuple[StackReview, ...]
    risks: tuple[Risk, ...]

    @property
    def changed(self) -> bool:
        """Whether the synthesised Terraform differs at all."""
        return any(stack.state != "untouched" for stack in self.stacks)


def schema_text() -> str:
    """The JSON Schema of a review's JSON; the file SCHEMA holds it."""
    schema = Review.model_json_schema(mode="serialization")
    schema["title"] = "Groundwork review"
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
