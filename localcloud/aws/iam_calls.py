"""The calls, in IAM's terms, that a request makes: actions on ARNs with condition keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import xmltodict

from localcloud.aws import s3_calls
from localcloud.aws.iam_context import (
    Keys,
    operation_keys,
    request_keys,
    requested_tags,
    resource_keys,
    role_of,
    service_of,
)
from localcloud.aws.iam_resources import resources_of
from localcloud.aws.iam_table import FREE, UnknownAction, action, actions_of, tagging_action
from localcloud.aws.key_access import find_key
from localcloud.aws.operations import Operation, read
from localcloud.aws.policy import Call, Principal
from localcloud.aws.routing import Request

# What a service does with the caller's right to a key when a request names one, by prefix and parameter. Sources:
# Lambda developer guide, "Securing environment variables"; DynamoDB developer guide, "DynamoDB encryption at rest usage
# notes", authorizing use of the key; EKS user guide, "Encrypt Kubernetes secrets with KMS"; ECR user guide, "Encryption
# at rest".
_KEY_USES: Mapping[tuple[str, str], Sequence[str]] = {
    ("lambda", "KMSKeyArn"): ("kms:CreateGrant", "kms:Encrypt"),
    ("dynamodb", "KMSMasterKeyId"): ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey"),
    ("eks", "keyArn"): ("kms:CreateGrant", "kms:DescribeKey"),
    ("ecr", "kmsKey"): ("kms:CreateGrant", "kms:DescribeKey"),
}
_ROLE_PARAMETER = re.compile(r"role|DeliverLogsPermissionArn", re.IGNORECASE)
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+")


@dataclass(frozen=True)
class Needs:
    """What a request needs. `protocol` is botocore's name of how it was sent: a refusal is sent likewise."""

    protocol: str
    calls: Iterator[Call]


def needs(request: Request, principal: Principal) -> Needs:
    """The calls of a request; raises UnknownAction where there is no telling, also while the calls are read.

    Tags of what is being made, roles that are handed to a service, and keys that a service uses for the caller are
    calls of their own, as they are on AWS.
    """
    keys = request_keys(request)
    if request.service == "s3" and not request.path.startswith("/v20180820/"):
        return Needs("s3", _s3(request, principal, keys))
    if request.service == "apigateway":
        return Needs("rest-json", _api_gateway(request, principal, keys))
    operation = read(request)
    if operation is None:
        raise UnknownAction(f"{request.service}: {request.method} {request.path}")
    if (operation.prefix, operation.name) in FREE:
        return Needs(operation.protocol, iter(()))
    keys |= operation_keys(operation, request.account)
    return Needs(operation.protocol, _calls(operation, request, principal, keys))


def _calls(operation: Operation, request: Request, principal: Principal, keys: Keys) -> Iterator[Call]:
    def calls(name: str, arns: Sequence[str], more: Keys | None = None) -> Iterator[Call]:
        for arn in arns:
            yield Call(principal, name, arn, {**resource_keys(arn), **keys, **(more or {})})

    where = {"account": request.account, "region": request.region}
    dependent: set[str] = set()
    for each in actions_of(operation.prefix, operation.name):
        yield from calls(each.name, resources_of(each, operation, **where))
        dependent |= each.dependent
    tagging = tagging_action(operation.prefix, operation.name)
    if tagging and requested_tags(operation) and operation.name != tagging.name.partition(":")[2]:
        yield from calls(tagging.name, _tagged(tagging.name, operation, where))
    yield from _of_others(operation, dependent, calls)
    if operation.parameters.get("ManageMasterUserPassword"):
        # RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager": with the caller's right.
        kind = "cluster" if "Cluster" in operation.name else "db"
        secret = f"arn:aws:secretsmanager:{request.region}:{request.account}:secret:rds!{kind}-*"
        for name in ("secretsmanager:CreateSecret", "secretsmanager:TagResource"):
            yield from calls(name, [secret])


def _tagged(tagging: str, operation: Operation, where: Mapping[str, str]) -> Sequence[str]:
    """EC2 says itself what its tags are for; elsewhere they are for what the operation makes."""
    if operation.prefix != "ec2":
        every = action(tagging)
        made = [kind for kind in every.kinds if re.sub(r"\W", "", kind.name.lower()) in operation.name.lower()]
        arns = resources_of(replace(every, kinds=tuple(made)), operation, **where)
        return resources_of(every, operation, **where) if arns == ["*"] else arns
    specifications = [value for name, value in operation.parameters.items() if name.startswith("TagSpecification")]
    kinds = [str(each.get("ResourceType")) for each in specifications[0]] if specifications else []
    return [f"arn:aws:ec2:{where['region']}:{where['account']}:{kind}/*" for kind in kinds]


def _of_others(operation: Operation, dependent: set[str], calls: Any) -> Iterator[Call]:
    """What other services are asked with the caller's rights: roles, keys, and what the reference lists."""
    for name, text in operation.values():
        if _ROLE.fullmatch(text) and _ROLE_PARAMETER.search(name) and operation.prefix not in {"iam", "sts"}:
            role = role_of(text)
            passed = service_of(role) if role is not None else ""
            yield from calls("iam:PassRole", [text], {"iam:PassedToService": [passed]} if passed else None)
        elif text.startswith("arn:"):
            service = text.split(":")[2]
            via = {"kms:ViaService": [f"{operation.prefix}.{text.split(':')[3]}.amazonaws.com"]}
            names = {each for each in dependent if each.split(":")[0] == service != operation.prefix}
            names |= set(_KEY_USES.get((operation.prefix, name), ()))
            for each in sorted(names):
                yield from calls(each, [text], via if service == "kms" else None)


def _s3(request: Request, principal: Principal, keys: Keys) -> Iterator[Call]:
    """S3's actions follow subresources, not operations, and its requests name one bucket or object."""
    from localcloud.aws.services.s3 import bucket_of, key_use

    call = s3_calls.understand(request)
    if call is None:
        yield Call(principal, "s3:ListAllMyBuckets", "*", keys)
        return
    bucket = bucket_of(call.bucket)
    owner = bucket.account_id if bucket is not None else request.account
    keys = {**keys, **s3_calls.condition_keys(request, bucket_owner=owner)}
    if request.method == "POST" and "delete" in request.query:
        listed = xmltodict.parse(request.body, force_list=("Object",))["Delete"]["Object"]
        for entry in listed:
            name = "s3:DeleteObjectVersion" if entry.get("VersionId") else "s3:DeleteObject"
            yield Call(principal, name, f"arn:aws:s3:::{call.bucket}/{entry['Key']}", keys)
        return
    yield Call(principal, call.action, call.resource, keys)
    for source in s3_calls.copy_source(request):
        yield Call(principal, source.action, source.resource, keys)
    if bucket is None:
        return
    reference, used = key_use(request, call, bucket)
    location = find_key(reference, account=principal.account, region=bucket.region_name) if reference else None
    if location is not None:
        arn = str(location[0].arn)
        context = {
            "kms:ViaService": [f"s3.{location[2]}.amazonaws.com"],
            "kms:EncryptionContext:aws:s3:arn": [call.resource],
            "kms:CallerAccount": [principal.account],
        }
        yield Call(principal, used, arn, {**keys, **resource_keys(arn), **context})


def _api_gateway(request: Request, principal: Principal, keys: Keys) -> Iterator[Call]:
    """API Gateway's actions are HTTP's methods, and its ARNs are paths (API Gateway developer guide, "Control access").

    Those of HTTP APIs leave out the version that their paths begin with.
    """
    path = request.raw_path.removeprefix("/v2").rstrip("/") or "/"
    arn = f"arn:aws:apigateway:{request.region}::{path}"
    yield Call(principal, f"apigateway:{request.method}", arn, keys)
