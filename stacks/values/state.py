"""Where Terraform state is stored and how it is locked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stacks.values.types import KeyArn, Region, Section


class State(Section):
    """The S3 bucket and DynamoDB table of the `state-backend` stack."""

    locking: Literal["dynamodb", "lockfile", "both"] = "both"
    """How concurrent applies are prevented: a DynamoDB item, an S3 lock object, or both, while a team moves from one to
    the other (docs/adr/0017-states-are-locked-twice.md)."""
    replica_region: Region | None = None
    """Region of a second, replicated copy of every state; none when empty."""
    keep_versions_days: Annotated[int, Field(ge=7, le=3650)] = 180
    """Days that an older state version can be restored."""
    key_arn: KeyArn | None = None
    """An existing KMS key to encrypt state with; a key is created when empty."""
    access_log_days: Annotated[int, Field(ge=30, le=3650)] = 365
    """Days that the access logs of the environment's buckets are kept."""
