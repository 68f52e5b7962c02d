"""Lists what carries a stack's tags in AWS and is in no state. A person decides what of it is imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed
from groundwork.recover.steps import State, instances
from groundwork.state import aws
from groundwork.state.aws_session import CONFIG, assume

TAGS = ("environment", "stack", "managed-by")
"""What every resource of the platform carries (stacks/platform_stack.py)."""

NOT_LISTED = frozenset({"aws_iam_role", "aws_iam_user", "aws_iam_instance_profile", "aws_autoscaling_group"})
"""Types with tags that the Resource Groups Tagging API does not list (its guide, "Services that support the Resource
Groups Tagging API")."""

_GLOBAL = "us-east-1"
"""Lists resources of services without regions."""


@dataclass(frozen=True)
class Where:
    """`region` and the `tags` that a provider gives to everything; `role` where it acts in another role or account."""

    region: str
    tags: Mapping[str, str]
    role: str


def places(terraform: Mapping[str, Any]) -> list[Where]:
    """Where the AWS providers of a synthesised stack make resources; only those that set all of `TAGS`."""
    places = []
    for provider in terraform.get("provider", {}).get("aws", ()):
        tags: dict[str, str] = {}
        for block in provider.get("default_tags", ()):
            tags |= block.get("tags", {})
        if all(name in tags for name in TAGS):
            roles = [block.get("role_arn", "") for block in provider.get("assume_role", ())]
            places.append(Where(provider.get("region", ""), {name: tags[name] for name in TAGS}, (roles or [""])[0]))
    return places


def search(session: boto3.Session, where: Where, *, endpoint: str | None) -> list[str]:
    """ARNs of everything with these tags, also of what was deleted lately and of what AWS itself made with them.

    Raises TerraformFailed where AWS does not answer: an empty list instead would mean that nothing is left.
    """
    try:
        if where.role:
            session = assume(session, where.role, name="recover", endpoint=endpoint, region=where.region)
        regions = dict.fromkeys((where.region, _GLOBAL))
        return [arn for region in regions for arn in _in(session, region, where, endpoint)]
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(
            f"AWS does not list what carries the tags of {where.tags['stack']} in {where.region}: {error}",
            fix="use credentials that may tag:GetResources",
        ) from error


def without_state(arns: Iterable[str], states: Sequence[State]) -> list[str]:
    """Those of the ARNs that appear in no state."""
    resources = [resource for state in states for resource in instances(state).values()]
    texts = {text for resource in resources for text in _texts(resource.attributes)}
    ids = {str(resource.attributes.get("id")) for resource in resources}

    def known(arn: str) -> bool:
        # Not every type of EC2 has its ARN in the state, and EC2's ids are unique. Some lists end log groups with ":*".
        return arn.removesuffix(":*") in texts or (arn.split(":")[2] == "ec2" and arn.rpartition("/")[2] in ids)

    return [arn for arn in dict.fromkeys(arns) if not known(arn)]


def _in(session: boto3.Session, region: str, where: Where, endpoint: str | None) -> Iterator[str]:
    client = session.client("resourcegroupstaggingapi", region_name=region, endpoint_url=endpoint, config=CONFIG)
    filters = [{"Key": key, "Values": [value]} for key, value in where.tags.items()]
    for resource in aws.entries(client, "get_resources", "ResourceTagMappingList", TagFilters=filters):
        yield resource["ResourceARN"]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for below in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(below)
