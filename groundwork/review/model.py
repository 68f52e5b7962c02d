"""The report of a review as values, from which Markdown, HTML and JSON are written.

Attribute values are JSON text. Sensitive ones have already been replaced by REDACTED, so that no format can leak them.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

REDACTED = "(sensitive)"
SCHEMA = Path(__file__).with_name("schema.json")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(StrEnum):
    """What happens to one resource in the synthesised Terraform. FORGOTTEN stays in AWS, by a `removed` block."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"
    FORGOTTEN = "forgotten"


class Severity(StrEnum):
    """HIGH may lose data or let somebody in, MEDIUM costs money or weakens a protection, LOW is worth knowing."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Concern(StrEnum):
    """The families of risks, in the order in which a report shows them."""

    DATA_LOSS = "data loss"
    SECRETS = "secrets"
    ACCESS = "access"
    NETWORK = "network"
    PROGRAMS = "programs"
    POLICY = "policy"
    PROTECTION = "protection"
    COST = "cost"
    PROVIDERS = "providers"
    WAIVERS = "waivers"


class Line(_Frozen):
    """A line of head's files: path relative to the checkout, and number.

    With `now` it is a line of base's, and `now` is head's line at that place: 0 where the file is gone, or not known.
    """

    file: str
    line: int
    now: int | None = None


class AttributeChange(_Frozen):
    """One attribute: `path` as in `rule[0].status`; `before` and `after` are JSON text, None where it is absent."""

    path: str
    before: str | None
    after: str | None


class ResourceChange(_Frozen):
    """One resource or data source. Only RENAMED has `renamed_from`; `moved` where a `moved` block keeps it.

    `forces_replacement`: the changed attributes that make Terraform replace the resource; `kind` is CHANGED then.
    """

    stack: str
    address: str
    type: str
    kind: Kind
    attributes: tuple[AttributeChange, ...]
    origin: tuple[Line, ...]
    renamed_from: str = ""
    moved: bool = False
    forces_replacement: tuple[str, ...] = ()


class Rule(_Frozen):
    """What a rule of the organisation is about itself. `owner` answers for it, `docs` is a page with its reason.

    `name` is its file's: whoever loads the file sets it.
    """

    severity: Severity
    owner: Annotated[str, Field(min_length=1)]
    docs: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]+$")]
    name: str = ""


class Risk(_Frozen):
    """What a reviewer should see first. `address` is empty where the risk concerns the whole stack.

    `rule` is None for the rules that come with the tool. `advice` is Python that avoids the risk, with the line where
    it belongs as a comment.
    """

    concern: Concern
    severity: Severity
    stack: str
    address: str
    sentence: str
    origin: tuple[Line, ...]
    rule: Rule | None = None
    advice: str = ""


class PlanResult(_Frozen):
    """The plan of a stack from `gw diff`: its status, counts, and Terraform's text without sensitive values.

    `changes` is address → what happens to the resource, from Terraform's JSON. A value may put any line into `text`.
    """

    status: str
    add: int
    change: int
    destroy: int
    why: str
    text: str
    wave: int
    changes: dict[str, str] = {}


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


class UnjudgedFile(_Frozen):
    """A changed file that no rule looks at: what it `decides`, and what of it could be read."""

    path: str
    decides: str
    facts: tuple[str, ...] = ()


class NotJudged(_Frozen):
    """Something that this review should have judged: what it is, and why that was not possible."""

    what: str
    why: str


class BillLine(_Frozen):
    """What resources of a type cost more in a month, or less; `number` is how many are added, or removed.

    `amount` is decimal text. The price `what` stands in `source`, as of `date`.
    """

    environment: str
    type: str
    number: int
    amount: str
    what: str
    source: str
    date: str


class Bill(_Frozen):
    """What a change adds to a month's bill by list prices of `region`; type → number of changed resources elsewhere.

    `not_priced` are resources whose price is not known here, `by_use` those that cost what is done with them.
    """

    currency: str
    region: str
    lines: tuple[BillLine, ...]
    not_priced: dict[str, int]
    by_use: dict[str, int]


class Review(_Frozen):
    """A whole review. `base` and `head` are commits. `unjudged` is None where this clone lacks head's files.

    `rules` are those of the organisation that judged every stack; one that could not is in `not_judged`, or has a risk.
    """

    format: Literal[1] = 1
    base: str
    head: str
    stacks: tuple[StackReview, ...]
    risks: tuple[Risk, ...]
    unjudged: tuple[UnjudgedFile, ...] | None = ()
    rules: tuple[Rule, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    bill: Bill | None = None

    @property
    def changed(self) -> bool:
        """Whether the synthesised Terraform differs at all."""
        return any(stack.state != "untouched" for stack in self.stacks)


def schema_text() -> str:
    """The JSON Schema of a review's JSON; the file SCHEMA holds it."""
    schema = Review.model_json_schema(mode="serialization")
    schema["title"] = "Groundwork review"
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
