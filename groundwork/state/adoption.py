"""Finds, by their known names, resources that an interrupted run created and that no state has, for import.

It covers only types whose creation fails, or creates a duplicate, where the resource exists: the settings of a bucket,
a key's alias target or a role's inline policy can be overwritten without harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from groundwork.errors import TerraformFailed
from groundwork.state import aws
from groundwork.state.aws_session import CONFIG

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Import:
    """An import block: a Terraform address, and the provider's id of the resource."""

    to: str
    id: str


@dataclass(frozen=True)
class Finder:
    """Searches with the provider's own credentials. `document` is the synthesised stack as JSON, for one account."""

    session: boto3.Session
    document: Mapping[str, Any]
    account: str
    endpoint: str | None = None

    def missing_from(self, known: Iterable[str]) -> tuple[Import, ...]:
        """Resources that exist in AWS and are declared in the stack, but are not among the `known` addresses."""
        addresses = set(known)
        return tuple(
            Import(f"{kind}.{name}", id_)
            for kind in _PROBES
            for name in self.document.get("resource", {}).get(kind, {})
            if f"{kind}.{name}" not in addresses and (id_ := self.id_of(kind, name)) is not None
        )

    def id_of(self, kind: str, name: str) -> str | None:
        """The provider's id of a declared resource of one of `TYPES`; None where AWS has none of that name.

        Raises ClientError where AWS refuses to look it up, and TerraformFailed for a bucket of another account.
        """
        attributes = self.document["resource"][kind][name]
        named_by = _NAMED_BY.get(kind, "name")
        if named_by and "${" in str(attributes.get(named_by, "${}")):
            return None  # the name is known only while Terraform runs
        return _PROBES[kind](self, name, attributes)

    def provider(self, attributes: Attributes) -> Mapping[str, Any]:
        """The provider block that a resource uses."""
        return provider_block(self.document, attributes)

    def client(self, service: str, attributes: Attributes) -> Any:
        """A client for the region of the resource's provider."""
        region = self.provider(attributes)["region"]
        return self.session.client(service, region_name=region, endpoint_url=self.endpoint, config=CONFIG)  # type: ignore[call-overload]


def provider_block(document: Mapping[str, Any], attributes: Attributes) -> Mapping[str, Any]:
    """The provider block that a resource of a synthesised stack uses."""
    _, _, alias = str(attributes.get("provider", "")).partition(".")
    block: Mapping[str, Any] = next(each for each in document["provider"]["aws"] if each.get("alias", "") == alias)
    return block


def _bucket(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["bucket"])
    try:
        finder.client("s3", attributes).head_bucket(Bucket=name, ExpectedBucketOwner=finder.account)
    except ClientError as error:
        if aws.error_code(error) == "403":
            raise TerraformFailed(
                f"bucket {name} exists, but account {finder.account} may not read it: it belongs to another account",
                fix="choose another organisation in the environment file: every bucket's name begins with it",
            ) from error
        _require_absent(error)
        return None
    return name


def _table(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    return _if_exists(lambda: finder.client("dynamodb", attributes).describe_table(TableName=name), name)


def _parameter(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    return _if_exists(lambda: finder.client("ssm", attributes).get_parameter(Name=name), name)


def _topic(finder: Finder, _: str, attributes: Attributes) -> str | None:
    topics = aws.entries(finder.client("sns", attributes), "list_topics", "Topics")
    name = f":{finder.account}:{attributes['name']}"
    return next((str(topic["TopicArn"]) for topic in topics if topic["TopicArn"].endswith(name)), None)


def _queue(finder: Finder, _: str, attributes: Attributes) -> str | None:
    queue = _described(lambda: finder.client("sqs", attributes).get_queue_url(QueueName=str(attributes["name"])))
    return str(queue["QueueUrl"]) if queue else None


def _function(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["function_name"])
    return _if_exists(lambda: finder.client("lambda", attributes).get_function(FunctionName=name), name)


def _cluster(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    return _if_exists(lambda: finder.client("eks", attributes).describe_cluster(name=name), name)


def _role(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    return _if_exists(lambda: finder.client("iam", attributes).get_role(RoleName=name), name)


def _alias(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    aliases = aws.entries(finder.client("kms", attributes), "list_aliases", "Aliases")
    return next((name for alias in aliases if alias["AliasName"] == name), None)


def _key(finder: Finder, name: str, attributes: Attributes) -> str | None:
    """Finds a key, which has no name, by its alias or, where the run ended before that, by description and tags."""
    kms = finder.client("kms", attributes)
    for alias in finder.document["resource"].get("aws_kms_alias", {}).values():
        if f"aws_kms_key.{name}." in alias["target_key_id"]:
            described = _described(partial(kms.describe_key, KeyId=alias["name"]))
            if described and described["KeyMetadata"]["KeyState"] == "Enabled":
                return str(described["KeyMetadata"]["KeyId"])
    wanted: dict[str, str] = {}
    for block in finder.provider(attributes).get("default_tags", ()):
        wanted |= block["tags"]
    for entry in aws.entries(kms, "list_keys", "Keys"):
        key = kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
        alike = key["KeyState"] == "Enabled" and key.get("Description") == attributes["description"]
        if alike and wanted.items() <= _tags(kms, entry["KeyId"]).items():
            return str(entry["KeyId"])
    return None


def _tags(kms: Any, key_id: str) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key_id)["Tags"]}


def _policy(finder: Finder, _: str, attributes: Attributes) -> str | None:
    partition = finder.session.get_partition_for_region(finder.provider(attributes)["region"])
    arn = f"arn:{partition}:iam::{finder.account}:policy/{attributes['name']}"
    return _if_exists(lambda: finder.client("iam", attributes).get_policy(PolicyArn=arn), arn)


def _oidc_provider(finder: Finder, _: str, attributes: Attributes) -> str | None:
    host = str(attributes["url"]).removeprefix("https://")
    known = finder.client("iam", attributes).list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return next((str(entry["Arn"]) for entry in known if entry["Arn"].endswith(f":oidc-provider/{host}")), None)


def _repository(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    return _if_exists(lambda: finder.client("ecr", attributes).describe_repositories(repositoryNames=[name]), name)


def _secret(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    secret = _described(lambda: finder.client("secretsmanager", attributes).describe_secret(SecretId=name))
    # One that waits for its deletion cannot be adopted; AWS explains that when Terraform creates another.
    return str(secret["ARN"]) if secret and "DeletedDate" not in secret else None


def _trail(finder: Finder, _: str, attributes: Attributes) -> str | None:
    trails = finder.client("cloudtrail", attributes).describe_trails(trailNameList=[str(attributes["name"])])
    return next((str(trail["TrailARN"]) for trail in trails["trailList"]), None)


def _detector(finder: Finder, _: str, attributes: Attributes) -> str | None:
    # An account has at most one detector per region.
    return next(iter(finder.client("guardduty", attributes).list_detectors()["DetectorIds"]), None)


def _analyzer(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["analyzer_name"])
    return _if_exists(lambda: finder.client("accessanalyzer", attributes).get_analyzer(analyzerName=name), name)


def _log_group(finder: Finder, _: str, attributes: Attributes) -> str | None:
    name = str(attributes["name"])
    groups = finder.client("logs", attributes).describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return name if any(group["logGroupName"] == name for group in groups) else None


def _if_exists(describe: Callable[[], Mapping[str, Any]], name: str) -> str | None:
    return None if _described(describe) is None else name


def _described(describe: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What AWS answers; None where it says that there is no such resource."""
    try:
        return describe()
    except ClientError as error:
        _require_absent(error)
        return None


def _require_absent(error: ClientError) -> None:
    if not aws.is_absent(error):
        raise error


_NAMED_BY = {
    "aws_kms_key": "description",
    "aws_s3_bucket": "bucket",
    "aws_iam_openid_connect_provider": "url",
    "aws_guardduty_detector": "",
    "aws_accessanalyzer_analyzer": "analyzer_name",
    "aws_lambda_function": "function_name",
}
"""Type → argument by which it is recognised, where that is not `name`; "" where an account has at most one."""

_PROBES: dict[str, Callable[[Finder, str, Attributes], str | None]] = {
    "aws_kms_key": _key,
    "aws_kms_alias": _alias,
    "aws_s3_bucket": _bucket,
    "aws_dynamodb_table": _table,
    "aws_iam_role": _role,
    "aws_iam_policy": _policy,
    "aws_iam_openid_connect_provider": _oidc_provider,
    "aws_ecr_repository": _repository,
    "aws_secretsmanager_secret": _secret,
    "aws_cloudtrail": _trail,
    "aws_guardduty_detector": _detector,
    "aws_accessanalyzer_analyzer": _analyzer,
    "aws_cloudwatch_log_group": _log_group,
    "aws_ssm_parameter": _parameter,
    "aws_sns_topic": _topic,
    "aws_sqs_queue": _queue,
    "aws_lambda_function": _function,
    "aws_eks_cluster": _cluster,
}

TYPES = frozenset(_PROBES)
"""The types that it looks up."""
