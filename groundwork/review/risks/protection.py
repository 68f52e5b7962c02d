"""Protections that are switched off or weakened: encryption, backups, versions, logs and guards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.values import Document, Value, as_list, strings, value_at
from groundwork.synthesis import data_holders


@dataclass(frozen=True, kw_only=True)
class _Switch:
    """An attribute that protects while its value is one of `on`; absent means `default`. `types` is a pattern."""

    types: str = field(kw_only=False)
    path: str = field(kw_only=False)
    sentence: str
    on: tuple[Value, ...] = (True,)
    default: Value = False
    severity: Severity = Severity.HIGH
    when_added: bool = False
    """Whether a new resource without the protection is reported too."""


_SWITCHES = (
    _Switch(".*", "lifecycle.prevent_destroy", sentence="prevent_destroy is gone: a plan may destroy it."),
    _Switch(
        "aws_(db_instance|rds_cluster|rds_global_cluster|docdb_cluster|neptune_cluster|qldb_ledger|cognito_user_pool)",
        "deletion_protection", on=(True, "ACTIVE"), sentence="Deletion protection is switched off.",
    ),
    _Switch("aws_lb|aws_alb", "enable_deletion_protection", severity=Severity.MEDIUM,
            sentence="Deletion protection is switched off."),
    _Switch("aws_dynamodb_table", "deletion_protection_enabled", sentence="Deletion protection is switched off."),
    _Switch("aws_eks_cluster", "deletion_protection", sentence="Deletion protection is switched off."),
    _Switch("aws_instance", "disable_api_termination", severity=Severity.MEDIUM,
            sentence="Termination protection is switched off."),
    _Switch("aws_dynamodb_table", "point_in_time_recovery.enabled", sentence="Point-in-time recovery is switched off."),
    _Switch("aws_s3_bucket_versioning", "versioning_configuration.status", on=("Enabled",), default="Disabled",
            sentence="Versioning is switched off: an overwritten or deleted object is gone."),
    _Switch("aws_s3_bucket_versioning", "versioning_configuration.mfa_delete", on=("Enabled",), default="Disabled",
            severity=Severity.MEDIUM, sentence="Versions may be deleted without a second factor."),
    _Switch("aws_s3_bucket", "object_lock_enabled", sentence="Object lock is switched off."),
    _Switch(
        "aws_(db_instance|rds_cluster|docdb_cluster|neptune_cluster)", "storage_encrypted", when_added=True,
        sentence="Its storage is not encrypted.",
    ),
    _Switch("aws_efs_file_system|aws_ebs_volume|aws_redshift_cluster", "encrypted", when_added=True,
            sentence="Its storage is not encrypted."),
    _Switch("aws_elasticache_replication_group", "at_rest_encryption_enabled", when_added=True,
            sentence="What it holds is not encrypted."),
    _Switch("aws_elasticache_replication_group", "transit_encryption_enabled", when_added=True,
            sentence="Traffic to it is not encrypted."),
    _Switch("aws_kms_key", "enable_key_rotation", severity=Severity.MEDIUM, sentence="The key is no longer rotated."),
    _Switch("aws_kms_key", "is_enabled", default=True, sentence="The key is disabled: what it encrypts is unreadable."),
    _Switch("aws_cloudtrail", "enable_logging", default=True, sentence="The trail no longer records."),
    _Switch("aws_cloudtrail", "enable_log_file_validation", sentence="Changed log files are no longer noticed."),
    _Switch("aws_cloudtrail", "is_multi_region_trail", sentence="The trail sees one region only."),
    _Switch("aws_guardduty_detector", "enable", default=True, sentence="GuardDuty is switched off."),
    _Switch("aws_guardduty_detector_feature|aws_guardduty_organization_configuration_feature", "status",
            on=("ENABLED",), default="ENABLED", severity=Severity.MEDIUM, sentence="A part of GuardDuty is off."),
    _Switch("aws_ebs_encryption_by_default", "enabled", default=True, sentence="New disks are no longer encrypted."),
    _Switch("aws_instance|aws_launch_template", "metadata_options.http_tokens", on=("required",), default="optional",
            when_added=True, sentence="Instance metadata is served without a token (IMDSv1)."),
    _Switch("aws_ecr_repository|aws_ecr_repository_creation_template", "image_tag_mutability",
            on=("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"), default="MUTABLE", severity=Severity.MEDIUM,
            sentence="A tag may come to mean another image."),
    _Switch("aws_ecr_repository", "image_scanning_configuration.scan_on_push", severity=Severity.LOW,
            sentence="Images are no longer scanned when pushed."),
    _Switch("aws_opensearch_domain|aws_elasticsearch_domain", "encrypt_at_rest.enabled", when_added=True,
            sentence="Its indices are not encrypted."),
    _Switch("aws_opensearch_domain|aws_elasticsearch_domain", "domain_endpoint_options.enforce_https",
            sentence="Plain HTTP is accepted."),
    _Switch("aws_sqs_queue", "sqs_managed_sse_enabled", default=True, severity=Severity.MEDIUM,
            sentence="Messages are no longer encrypted."),
    _Switch("aws_db_instance", "multi_az", severity=Severity.MEDIUM, sentence="No standby takes over any more."),
    _Switch("aws_(db_instance|rds_cluster)", "iam_database_authentication_enabled", severity=Severity.MEDIUM,
            sentence="Sign-in with IAM is switched off."),
    _Switch("aws_(db_instance|rds_cluster)", "copy_tags_to_snapshot", severity=Severity.LOW,
            sentence="Snapshots lose their tags."),
    _Switch("aws_api_gateway_method_settings", "settings.logging_level", on=("ERROR", "INFO"), default="OFF",
            severity=Severity.MEDIUM, sentence="The API no longer logs."),
    _Switch("aws_api_gateway_method_settings", "settings.data_trace_enabled", on=(False,),
            sentence="Whole requests and answers are written to the log, with whatever callers send."),
    _Switch("aws_apigatewayv2_stage", "default_route_settings.data_trace_enabled", on=(False,),
            sentence="Whole messages are written to the log, with whatever callers send."),
    _Switch("aws_eks_cluster", "access_config.authentication_mode", on=("API",), default="CONFIG_MAP",
            severity=Severity.MEDIUM, sentence="Whoever may edit a ConfigMap of the cluster decides who gets in."),
    _Switch("aws_iam_account_password_policy", "require_symbols", severity=Severity.MEDIUM,
            sentence="Passwords need no symbol any more."),
    _Switch("aws_iam_account_password_policy", "require_numbers", severity=Severity.MEDIUM,
            sentence="Passwords need no digit any more."),
    _Switch("aws_iam_account_password_policy", "require_uppercase_characters", severity=Severity.MEDIUM,
            sentence="Passwords need no capital letter any more."),
    _Switch("aws_iam_account_password_policy", "require_lowercase_characters", severity=Severity.MEDIUM,
            sentence="Passwords need no small letter any more."),
    _Switch("aws_db_instance|aws_rds_cluster", "manage_master_user_password",
            sentence="The password is no longer kept and rotated by Secrets Manager."),
    _Switch("aws_lambda_function", "tracing_config.mode", on=("Active",), default="PassThrough", severity=Severity.LOW,
            sentence="Requests are no longer traced."),
)  # fmt: skip
# Numbers that protect less when they become smaller.
_SHRINKING = (
    ("aws_cloudwatch_log_group", "retention_in_days", "Log lines are kept for {after} instead of {before} days."),
    ("aws_(db_instance|rds_cluster|docdb_cluster|neptune_cluster)", "backup_retention_period",
     "Backups are kept for {after} instead of {before} days."),
    ("aws_redshift_cluster", "automated_snapshot_retention_period",
     "Snapshots are kept for {after} instead of {before} days."),
    ("aws_elasticache_replication_group", "snapshot_retention_limit",
     "Snapshots are kept for {after} instead of {before} days."),
    ("aws_kms_key", "deletion_window_in_days", "A deleted key can be kept for {after} instead of {before} days."),
    ("aws_secretsmanager_secret", "recovery_window_in_days",
     "A deleted secret can be restored for {after} instead of {before} days."),
    ("aws_iam_account_password_policy", "minimum_password_length", "Passwords may have {after} characters."),
    ("aws_iam_account_password_policy", "password_reuse_prevention",
     "The last {after} passwords may not be used again, instead of {before}."),
    ("aws_cloudtrail_event_data_store", "retention_period", "Events are kept for {after} instead of {before} days."),
    ("aws_kinesis_stream", "retention_period", "Records are kept for {after} instead of {before} hours."),
)  # fmt: skip
# Numbers that protect less when they become larger: types, path, default, sentence.
_GROWING = (
    ("aws_instance|aws_launch_template", "metadata_options.http_put_response_hop_limit", 1,
     "Programs {after} network hops away reach the instance's credentials, instead of {before}."),
    ("aws_iam_account_password_policy", "max_password_age", 0, "A password lives {after} days instead of {before}."),
)  # fmt: skip
# Lists that protect less when an element goes.
_LISTS = (
    ("aws_eks_cluster", "enabled_cluster_log_types", "The cluster no longer writes its {gone} log."),
    ("aws_(db_instance|rds_cluster|docdb_cluster|neptune_cluster)", "enabled_cloudwatch_logs_exports",
     "The database no longer writes its {gone} log."),
)  # fmt: skip
_KEY = re.compile(r"(^|\.)(kms_key_id|kms_key_arn|kms_master_key_id|kms_key|key_arn|encryption_key)$")
# Resources whose only purpose is to protect another resource, and what their removal means for it.
_GUARDS = {
    "aws_s3_bucket_versioning": "Versioning is no longer set.",
    "aws_s3_bucket_server_side_encryption_configuration": "Encryption with a customer managed key is no longer set.",
    "aws_s3_bucket_object_lock_configuration": "The retention of objects is no longer set.",
    "aws_s3_bucket_replication_configuration": "Objects are no longer copied elsewhere.",
    "aws_s3_bucket_logging": "Requests to the bucket are no longer logged.",
    "aws_db_instance_automated_backups_replication": "Backups are no longer copied elsewhere.",
    "aws_secretsmanager_secret_rotation": "The secret is no longer rotated.",
    "aws_flow_log": "Traffic of the network is no longer logged.",
    "aws_cloudtrail": "Calls to AWS are no longer recorded.",
    "aws_guardduty_detector": "Nothing watches the account for attacks.",
    "aws_config_configuration_recorder": "Changes of resources are no longer recorded.",
    "aws_backup_selection": "Backups are no longer made of what it selected.",
    "aws_backup_plan": "Backups are no longer made.",
    "aws_backup_vault_lock_configuration": "Backups may be deleted before their time.",
    "aws_ebs_encryption_by_default": "New disks are no longer encrypted by default.",
    "aws_accessanalyzer_analyzer": "Access from outside the account is no longer reported.",
    "aws_securityhub_account": "Security Hub is switched off.",
    "aws_iam_account_password_policy": "Passwords of users are as weak as AWS allows.",
    "aws_wafv2_web_acl_logging_configuration": "The firewall no longer logs.",
}
_TLS = re.compile(r"(?:TLS|Tls|tls)[^0-9]*1[._-]?([0-3])")
_TLS_PATHS = ("security_policy", "ssl_policy", "minimum_tls_version", "tls_security_policy", "minimum_protocol_version")


def find(stack: StackComparison) -> Iterator[Risk]:
    """Every protection that a change takes away."""
    for change in stack.changes:
        if change.resource.is_data:
            continue
        if change.after is None:
            yield from _removed(change, stack)
        else:
            before: Mapping[str, Value] = change.before.body if change.before else {}
            yield from _switched(change, before, change.after.body)
            yield from _shrunk(change, before, change.after.body)
            yield from _grown(change, before, change.after.body)
            yield from _shorter(change, before, change.after.body)
            yield from _ignored(change, before, change.after.body)
            yield from _keys(change)
            yield from _tls(change, before, change.after.body)
            yield from _plain_http(change, before, change.after.body)


def _switched(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    for switch in _SWITCHES:
        if not re.fullmatch(switch.types, change.resource.type):
            continue
        was, now = _value(before, switch.path, switch.default), _value(after, switch.path, switch.default)
        weakened = was in switch.on and now not in switch.on and change.before is not None
        bare = switch.when_added and change.kind == Kind.ADDED and now not in switch.on
        if weakened or bare:
            yield _risk(change, switch.severity if weakened else Severity.MEDIUM, switch.sentence)


def _value(body: Mapping[str, Value], path: str, default: Value) -> Value:
    value = value_at(body, *path.split("."))
    if value is None:
        return default
    if value in ("true", "false"):
        return value == "true"
    return value if isinstance(value, (str, bool, int)) else None


def _shrunk(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    for types, key, sentence in _SHRINKING:
        if re.fullmatch(types, change.resource.type) and change.before is not None:
            was, now = _days(before.get(key), key), _days(after.get(key), key)
            if was is not None and now is not None and now < was:
                severity = Severity.HIGH if now == 0 and "backup" in key else Severity.MEDIUM
                previous = "unlimited" if was == _FOREVER else was
                yield _risk(change, severity, sentence.format(before=previous, after=now))


def _grown(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    for types, path, default, sentence in _GROWING:
        if re.fullmatch(types, change.resource.type) and change.before is not None:
            was, now = (_value(body, path, default) for body in (before, after))
            if isinstance(was, int) and isinstance(now, int) and now > was:
                yield _risk(change, Severity.MEDIUM, sentence.format(before=was, after=now))


def _shorter(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    for types, key, sentence in _LISTS:
        if re.fullmatch(types, change.resource.type):
            was, now = as_list(before.get(key)), as_list(after.get(key))
            if gone := [str(item) for item in was if item not in now]:
                yield _risk(change, Severity.MEDIUM, sentence.format(gone=", ".join(gone)))


def _ignored(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    """Attributes that Terraform newly leaves as they are, whoever changes them."""
    was, now = (as_list(value_at(dict(body), "lifecycle", "ignore_changes")) for body in (before, after))
    if "all" in now and "all" not in was:
        yield _risk(change, Severity.MEDIUM, "ignore_changes is all: neither this code nor drift changes it any more.")
    elif names := [str(name) for name in now if name not in was]:
        yield _risk(change, Severity.LOW, f"Terraform leaves {', '.join(names)} as it is, whoever changes it.")


_FOREVER = 1 << 30


def _days(value: Value, key: str) -> int | None:
    """The number of days; log groups keep their lines forever at 0 and by default."""
    if key == "retention_in_days" and value in (None, 0):
        return _FOREVER
    if key == "backup_retention_period" and value is None:
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _keys(change: Change) -> Iterator[Risk]:
    """A customer managed key or an encryption block that is removed."""
    if change.before is None or change.after is None:
        return
    for path, value in _named_keys(change.before.body, ""):
        now = dict(_named_keys(change.after.body, "")).get(path)
        if value is not None and now is None:
            yield _risk(change, Severity.HIGH, f"{path} is gone: no customer managed key encrypts it any more.")
    for path in ("encryption_config", "server_side_encryption", "encryption_configuration"):
        if change.before.body.get(path) and not change.after.body.get(path):
            yield _risk(change, Severity.HIGH, f"{path} is gone.")


def _named_keys(value: Value, path: str) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Document):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            below = f"{path}.{key}" if path else key
            if _KEY.search(below) and not isinstance(item, (Mapping, list)):
                if item not in (None, ""):
                    yield below, item
            else:
                yield from _named_keys(item, below)
    elif isinstance(value, list):
        for item in value:
            yield from _named_keys(item, path)


def _tls(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    for where in ("", "viewer_certificate", "domain_endpoint_options", "domain_name_configuration"):
        for key in _TLS_PATHS:
            path = [part for part in (where, key) if part]
            was, now = value_at(before, *path), value_at(after, *path)
            if isinstance(now, str) and (low := _tls_version(now)) is not None and low < 2 and now != was:
                yield _risk(change, Severity.HIGH, f"{now} accepts TLS older than 1.2.")
            elif isinstance(was, str) and now is None and (_tls_version(was) or 0) >= 2:
                yield _risk(change, Severity.MEDIUM, f"{key} is no longer set: AWS's default accepts older TLS.")


def _tls_version(policy: str) -> int | None:
    """The oldest minor version of TLS 1 that a policy accepts; None where its name has no version."""
    if policy in {"ELBSecurityPolicy-2016-08", "TLS_1_0", "TLSv1", "SSLv3"}:
        return 0
    minors = [int(minor) for minor in _TLS.findall(policy)]
    return min(minors) if minors else None


def _plain_http(change: Change, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    if change.resource.type in {"aws_lb_listener", "aws_alb_listener"} and after.get("protocol") == "HTTP":
        redirects = value_at(after, "default_action", "type") == "redirect"
        if not redirects and before.get("protocol") != "HTTP":
            yield _risk(change, Severity.HIGH, "The listener serves plain HTTP.")


def _removed(change: Change, stack: StackComparison) -> Iterator[Risk]:
    sentence = _GUARDS.get(change.resource.type)
    if sentence is None or stack.after is None:
        return
    protected = [
        address
        for address, resource in stack.base_resources.items()
        if data_holders.lost_with(resource.type)
        and any(f"{address}." in text for text in strings(dict(change.resource.body)))
    ]
    if not protected or any(address in stack.head_resources for address in protected):
        yield _risk(change, Severity.HIGH, sentence)


def _risk(change: Change, severity: Severity, sentence: str) -> Risk:
    return change.risk(Concern.PROTECTION, severity, sentence)
