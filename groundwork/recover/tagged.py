"""Lists resources in AWS that have a stack's tags and that no state has. A person decides which to import."""

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
"""Tags of every resource of the platform (stacks/platform_stack.py)."""

NOT_LISTED = frozenset({"aws_iam_role", "aws_iam_user", "aws_iam_instance_profile", "aws_autoscaling_group"})
"""Types with tags that the Resource Groups Tagging API does not list (its guide, "Services that support the Resource
Groups Tagging API")."""

_GLOBAL = "us-east-1"
"""Where services without regions list their resources."""


@dataclass(frozen=True)
class TaggingProvider:
    """`region` and default `tags` of an AWS provider; `role` where it acts in another role or account."""

    region: str
    tags: Mapping[str, str]
    role: str


def tagging_providers(terraform: Mapping[str, Any]) -> list[TaggingProvider]:
    """The AWS providers of a synthesised stack that set all of `TAGS`."""
    providers = []
    for provider in terraform.get("provider", {}).get("aws", ()):
        tags: dict[str, str] = {}
        for block in provider.get("default_tags", ()):
            tags |= block.get("tags", {})
        if all(name in tags for name in TAGS):
            roles = [block.get("role_arn", "") for block in provider.get("assume_role", ())]
            chosen = {name: tags[name] for name in TAGS}
            providers.append(TaggingProvider(provider.get("region", ""), chosen, (roles or [""])[0]))
    return providers


def search(session: boto3.Session, provider: TaggingProvider, *, endpoint: str | None) -> list[str]:
    """ARNs of everything with these tags, also of what was deleted recently or was created by AWS itself.

    Raises TerraformFailed where AWS does not answer: an empty list would mean that nothing exists.
    """
    try:
        if provider.role:
            session = assume(session, provider.role, name="recover", endpoint=endpoint, region=provider.region)
        regions = dict.fromkeys((provider.region, _GLOBAL))
        return [arn for region in regions for arn in _arns(session, region, provider, endpoint)]
    except (BotoCoreError, ClientError) as error:
        raise TerraformFailed(
            f"AWS does not list resources with the tags of {provider.tags['stack']} in {provider.region}: {error}",
            fix="use credentials that may tag:GetResources",
        ) from error


def existing(session: boto3.Session, arns: Iterable[str], *, endpoint: str | None) -> list[str]:
    """The ARNs without keys that wait for their deletion, which AWS lists for weeks; a key it may not read stays."""
    return [arn for arn in arns if arn.split(":")[2] != "kms" or not _waits_for_deletion(session, arn, endpoint)]


def _waits_for_deletion(session: boto3.Session, arn: str, endpoint: str | None) -> bool:
    kms = session.client("kms", region_name=arn.split(":")[3], endpoint_url=endpoint, config=CONFIG)
    try:
        return bool(kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion")
    except ClientError:
        return False


def without_state(arns: Iterable[str], states: Sequence[State]) -> list[str]:
    """The ARNs that appear in none of the states."""
    resources = [resource for state in states for resource in instances(state).values()]
    texts = {text for resource in resources for text in _texts(resource.attributes)}
    ids = {str(resource.attributes.get("id")) for resource in resources}

    def is_known(arn: str) -> bool:
        # Some types of EC2 have no ARN in the state, but EC2's ids are unique. Some listings end log groups with ":*".
        return arn.removesuffix(":*") in texts or (arn.split(":")[2] == "ec2" and arn.rpartition("/")[2] in ids)

    return [arn for arn in dict.fromkeys(arns) if not is_known(arn)]


def _arns(session: boto3.Session, region: str, provider: TaggingProvider, endpoint: str | None) -> Iterator[str]:
    client = session.client("resourcegroupstaggingapi", region_name=region, endpoint_url=endpoint, config=CONFIG)
    filters = [{"Key": key, "Values": [value]} for key, value in provider.tags.items()]
    for resource in aws.entries(client, "get_resources", "ResourceTagMappingList", TagFilters=filters):
        yield resource["ResourceARN"]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for below in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(below)
