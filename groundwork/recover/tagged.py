"""Asks AWS for everything that carries a stack's tags, in every region that the stack's providers name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed
from groundwork.state.aws_session import CONFIG, assume

TAGS = ("environment", "stack", "managed-by")
"""What every resource of ours carries (stacks/platform_stack.py)."""

_GLOBAL = "us-east-1"
"""Resources of services without regions are listed there."""


@dataclass(frozen=True)
class Tagged:
    """A resource with the stack's tags."""

    arn: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Where:
    """`region` and the `tags` that a provider gives to everything; `role` where it acts in another role or account."""

    region: str
    tags: Mapping[str, str]
    role: str


def places(terraform: Mapping[str, Any]) -> list[Where]:
    """Where the AWS providers of a synthesised stack make resources; only those that give all of `TAGS`."""
    found = []
    for provider in terraform.get("provider", {}).get("aws", ()):
        tags: dict[str, str] = {}
        for block in provider.get("default_tags", ()):
            tags |= block.get("tags", {})
        if all(name in tags for name in TAGS):
            (role, *_) = [one.get("role_arn", "") for one in provider.get("assume_role", ())] or [""]
            found.append(Where(provider.get("region", ""), {name: tags[name] for name in TAGS}, role))
    return found


def search(session: boto3.Session, where: Where, *, endpoint: str | None) -> list[Tagged]:
    """Everything there with these tags. Also what was deleted lately, and what AWS itself made with them.

    Raises TerraformFailed where AWS does not answer: an empty list instead would be taken for "nothing is left".
    """
    try:
        if where.role:
            session = assume(session, where.role, name="recover", endpoint=endpoint, region=where.region)
        return [
            one for region in dict.fromkeys((where.region, _GLOBAL)) for one in _in(session, region, where, endpoint)
        ]
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(
            f"AWS does not say what carries the tags of {where.tags['stack']} in {where.region}: {error}",
            fix="use credentials that may tag:GetResources",
        ) from error


def _in(session: boto3.Session, region: str, where: Where, endpoint: str | None) -> Iterator[Tagged]:
    client = session.client("resourcegroupstaggingapi", region_name=region, endpoint_url=endpoint, config=CONFIG)
    filters = [{"Key": key, "Values": [value]} for key, value in where.tags.items()]
    for page in client.get_paginator("get_resources").paginate(TagFilters=filters):
        for one in page["ResourceTagMappingList"]:
            yield Tagged(one["ResourceARN"], {tag["Key"]: tag["Value"] for tag in one["Tags"]})
