"""The condition keys of a call: those of every request, of tags, and of the services that our policies use them for.

Sources: IAM user guide, "AWS global condition context keys"; service authorization reference, the condition keys of
AWS KMS, IAM and EC2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.aws.key_access import find_key
from localcloud.aws.operations import Operation
from localcloud.aws.routing import Request

Keys = dict[str, list[str]]


def request_keys(request: Request) -> Keys:
    """The keys of every request."""
    return {
        "aws:RequestedRegion": [request.region],
        "aws:SourceIp": ["127.0.0.1"],
        "aws:UserAgent": [request.headers.get("user-agent", "")],
    }


def operation_keys(operation: Operation, account: str) -> Keys:
    """The keys that follow from the parameters: of the tags in the request, and of IAM and KMS."""
    parameters = operation.parameters
    keys: Keys = {}
    if tags := requested_tags(operation):
        keys |= {f"aws:RequestTag/{name}": [value] for name, value in tags.items()}
        keys["aws:TagKeys"] = list(tags)
    elif isinstance(removed := parameters.get("TagKeys") or parameters.get("tagKeys"), list):
        keys["aws:TagKeys"] = [str(each) for each in removed]
    if operation.prefix == "iam":
        for parameter, key in (
            ("AWSServiceName", "iam:AWSServiceName"),
            ("PolicyArn", "iam:PolicyARN"),
            ("PermissionsBoundary", "iam:PermissionsBoundary"),
        ):
            if parameters.get(parameter):
                keys[key] = [str(parameters[parameter])]
    if operation.prefix == "kms":
        keys["kms:CallerAccount"] = [account]
        for name, value in (parameters.get("EncryptionContext") or {}).items():
            keys[f"kms:EncryptionContext:{name}"] = [str(value)]
        if operation.name == "CreateGrant":
            keys["kms:GrantIsForAWSResource"] = ["false"]
    return keys


def resource_keys(arn: str) -> Keys:
    """The keys of what the call is about, where it exists: its tags, a role's boundary, a key's aliases.

    Tags are known of what `tags_of` knows, which tests/stacks/test_pipeline_conditions.py compares with our policies.
    """
    keys: Keys = {}
    for name, value in tags_of(arn).items():
        keys[f"aws:ResourceTag/{name}"] = [value]
        keys[f"{arn.split(':')[2]}:ResourceTag/{name}"] = [value]
    role = role_of(arn)
    if role is not None and role.permissions_boundary_arn:
        keys["iam:PermissionsBoundary"] = [role.permissions_boundary_arn]
    if key := _key(arn):
        keys["kms:ResourceAliases"] = [str(name) for name in key.aliases]
    if arn.count(":") >= 5 and (owner := arn.split(":")[4]):
        keys["aws:ResourceAccount"] = [owner]
    return keys


def requested_tags(operation: Operation) -> Mapping[str, str]:
    """The tags that a request sets, whatever its service calls them."""
    tags: dict[str, str] = {}
    for name, value in operation.parameters.items():
        if name.lower().startswith("tagspecification"):
            for specification in value if isinstance(value, list) else [value]:
                tags |= _pairs(specification.get("Tags", []))
        elif name.lower() in {"tags", "tagslist", "taglist"}:
            tags |= _pairs(value)
    return tags


TAGGED = ("dynamodb", "ec2", "iam", "kms")
"""The services whose resources' tags are known here."""


def tags_of(arn: str) -> Mapping[str, str]:
    """The tags of an existing resource; none of another, and of services that are not in TAGGED."""
    if arn.count(":") < 5:
        return {}
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "ec2":
        from moto.ec2.models import ec2_backends

        return dict(ec2_backends[account][region].tags.get(name.rpartition("/")[2]) or {}) if "*" not in name else {}
    if service == "kms" and (key := _key(arn)):
        from moto.kms.models import kms_backends

        return dict(kms_backends[account][region].tagger.get_tag_dict_for_resource(key.id))
    if service == "iam" and (item := role_of(arn) or _policy(arn)) is not None:
        return _pairs(list(item.tags.values()) if isinstance(item.tags, Mapping) else item.tags or [])
    if service == "dynamodb":
        from moto.dynamodb.models import dynamodb_backends

        table = dynamodb_backends[account][region].tables.get(name.removeprefix("table/"))
        return _pairs(table.tags) if table is not None else {}
    return {}


def role_of(arn: str) -> Any | None:
    """moto's role of that ARN; None where it does not exist."""
    from moto.iam.models import iam_backends

    if ":role/" not in arn or arn.count(":") != 5:
        return None
    _, partition, _, _, account, name = arn.split(":", 5)
    backend = iam_backends[account][partition]
    short = name.rpartition("/")[2]
    return next((role for role in backend.roles.values() if role.name == short and role.arn == arn), None)


def service_of(role: Any) -> str:
    """The service that a role trusts, which is what it is passed to; "" where it trusts none."""
    for statement in json.loads(role.assume_role_policy_document or "{}").get("Statement", []):
        services = (statement.get("Principal") or {}).get("Service", "")
        if services:
            return str(services if isinstance(services, str) else services[0])
    return ""


def _policy(arn: str) -> Any | None:
    from moto.iam.models import iam_backends

    if ":policy/" not in arn:
        return None
    _, partition, _, _, account, _ = arn.split(":", 5)
    return iam_backends[account][partition].managed_policies.get(arn)


def _key(arn: str) -> Any | None:
    if ":kms:" not in arn or ":key/" not in arn or "*" in arn:
        return None
    location = find_key(arn, account=arn.split(":")[4], region=arn.split(":")[3])
    return location[0] if location else None


def _pairs(tags: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if isinstance(tags, Mapping):
        return {str(name): str(value) for name, value in tags.items()}
    lowered = [{name.lower().removeprefix("tag"): value for name, value in each.items()} for each in tags]
    return {str(each["key"]): str(each.get("value", "")) for each in lowered if "key" in each}
