"""Changes that increase AWS's bill."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Kind, Risk, Severity
from groundwork.review.prices import prices
from groundwork.review.snapshot import Resource
from groundwork.review.values import Value, value_at

_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
# Resources that cost money even when unused, and what they are paid for by. Amounts are in prices.toml.
_STANDING = {
    "aws_nat_gateway": "by the hour, and for each GB",
    "aws_eks_cluster": "by the hour, without its nodes",
    "aws_lb": "by the hour, and what it carries",
    "aws_alb": "by the hour, and what it carries",
    "aws_msk_cluster": "by broker and storage",
    "aws_opensearch_domain": "by instance and storage",
    "aws_redshift_cluster": "by node",
    "aws_elasticache_replication_group": "by node",
    "aws_elasticache_cluster": "by node",
    "aws_docdb_cluster_instance": "by instance",
    "aws_db_instance": "by instance and storage",
    "aws_rds_cluster_instance": "by instance",
    "aws_ec2_transit_gateway_vpc_attachment": "by the hour",
    "aws_networkfirewall_firewall": "by the hour in each zone",
    "aws_acmpca_certificate_authority": "by the month",
    "aws_globalaccelerator_accelerator": "by the hour",
    "aws_kinesis_stream": "by shard and hour",
    "aws_fsx_windows_file_system": "by storage and throughput",
    "aws_directory_service_directory": "by the hour",
    "aws_grafana_workspace": "by user",
    "aws_cloudhsm_v2_hsm": "by the hour",
}
# Their size is paid for only while they run.
_BY_USE = frozenset({"aws_lambda_function"})
_TYPES = ("instance_type", "instance_class", "node_type", "instance_types", "broker_instance_type")
_NUMBERS = {
    ".*": ("allocated_storage", "max_allocated_storage", "iops", "throughput", "storage_throughput"),
    "aws_eks_node_group": ("scaling_config.min_size", "scaling_config.desired_size", "scaling_config.max_size"),
    "aws_autoscaling_group": ("min_size", "desired_capacity", "max_size"),
    "aws_ecs_service": ("desired_count",),
    "aws_dynamodb_table": ("read_capacity", "write_capacity"),
    "aws_lambda_function": ("memory_size", "ephemeral_storage.size"),
    "aws_lambda_provisioned_concurrency_config": ("provisioned_concurrent_executions",),
    "aws_kinesis_stream": ("shard_count", "retention_period"),
    "aws_msk_cluster": ("number_of_broker_nodes",),
    "aws_elasticache_replication_group": ("num_cache_clusters", "num_node_groups", "replicas_per_node_group"),
    "aws_elasticache_cluster": ("num_cache_nodes",),
    "aws_ebs_volume": ("size",),
    "aws_redshift_cluster": ("number_of_nodes",),
    "aws_rds_cluster": ("serverlessv2_scaling_configuration.min_capacity",
                        "serverlessv2_scaling_configuration.max_capacity"),
    "aws_opensearch_domain": ("cluster_config.instance_count", "ebs_options.volume_size"),
    "aws_cloudwatch_log_group": ("retention_in_days",),
    "aws_(db_instance|rds_cluster|docdb_cluster)": ("backup_retention_period",),
    "aws_appautoscaling_target": ("min_capacity", "max_capacity"),
}  # fmt: skip
_SWITCHES = (
    ("aws_db_instance", "multi_az", True, "A standby doubles the instance's price."),
    (
        "aws_db_instance|aws_rds_cluster_instance",
        "performance_insights_enabled",
        True,
        "Performance Insights may cost.",
    ),
    ("aws_dynamodb_table", "billing_mode", "PROVISIONED", "Capacity is paid for whether it is used or not."),
    ("aws_eks_node_group", "capacity_type", "ON_DEMAND", "Nodes are no longer spot instances."),
    ("aws_api_gateway_stage", "cache_cluster_enabled", True, "A cache is paid for by the hour."),
    ("aws_instance|aws_launch_template", "monitoring", True, "Detailed monitoring costs for each instance."),
)


def find(stack: StackComparison) -> Iterator[Risk]:
    """Everything that becomes larger or more; what becomes smaller is not a risk."""
    added: dict[str, list[Change]] = {}
    for change in stack.changes:
        if change.resource.is_data or change.after is None:
            continue
        if change.kind == Kind.ADDED:
            if change.resource.type in _STANDING:
                added.setdefault(change.resource.type, []).append(change)
            continue
        yield from _growth(change)
    for type_, changes in added.items():
        number = f"{len(changes)} {type_} are" if len(changes) > 1 else f"{type_} is"
        each = " each" if len(changes) > 1 else ""
        yield _risk(changes[0], f"{number} added, paid for {_STANDING[type_]}{_amount(changes[0].resource, each)}.")


def _amount(resource: Resource, each: str) -> str:
    """The price for a month with its source's region and date; empty where the table has none."""
    table = prices()
    price = table.price(resource)
    amount = price.of(resource.body) if price else None
    if price is None or amount is None:
        return ""
    return f": {amount:,.2f} {table.currency} a month{each} (list price in {table.region}, {price.date})"


def _growth(change: Change) -> Iterator[Risk]:
    assert change.before is not None  # noqa: S101 - the caller checks it
    assert change.after is not None  # noqa: S101
    before, after, type_ = change.before.body, change.after.body, change.resource.type
    for key in _TYPES:
        was, now = _text(before.get(key)), _text(after.get(key))
        if was and now and was != now and not _smaller(now, was):
            yield _risk(change, f"{key} becomes {now} instead of {was}.")
    for types, paths in _NUMBERS.items():
        if re.fullmatch(types, type_):
            yield from _numbers(change, before, after, paths)
    for types, key, costly, sentence in _SWITCHES:
        if re.fullmatch(types, type_) and after.get(key) == costly and before.get(key) != costly:
            yield _risk(change, sentence)
    if type_ == "helm_release":
        yield from _release(change)


def _numbers(
    change: Change, before: Mapping[str, Value], after: Mapping[str, Value], paths: tuple[str, ...]
) -> Iterator[Risk]:
    for path in paths:
        was, now = value_at(before, *path.split(".")), value_at(after, *path.split("."))
        if path == "retention_in_days" and isinstance(was, int) and was and now in (None, 0):
            yield _risk(change, f"Log lines are kept forever instead of {was} days.")
        elif isinstance(was, int) and isinstance(now, int) and now > was > 0:
            yield _risk(change, f"{path} grows from {was} to {now}.")


def _release(change: Change) -> Iterator[Risk]:
    """Replicas and sizes in the values of a Helm chart."""
    for attribute in change.attributes:
        name = attribute.path.rpartition(".")[2].lower()
        if not re.search(r"replica|\.(min|max)$|cpu|memory|storage|size", attribute.path, re.IGNORECASE):
            continue
        try:
            was, now = float((attribute.before or "").strip('"')), float((attribute.after or "").strip('"'))
        except ValueError:
            if attribute.before and attribute.after and name in {"cpu", "memory", "storage", "size"}:
                yield _risk(change, f"{attribute.path} becomes {attribute.after} instead of {attribute.before}.")
            continue
        if now > was:
            yield _risk(change, f"{attribute.path} grows from {attribute.before} to {attribute.after}.")


def _smaller(now: str, was: str) -> bool:
    """Whether `now` is a smaller size of the same instance family: t3.small → t3.micro."""
    (family, size), (old_family, old_size) = _parts(now), _parts(was)
    return family == old_family and size < old_size


def _parts(type_: str) -> tuple[str, int]:
    family, _, size = type_.rpartition(".")
    multiple = re.fullmatch(r"(\d*)xlarge", size)
    if multiple:
        return family, len(_SIZES) - 1 + int(multiple[1] or 1)
    return family, _SIZES.index(size) if size in _SIZES else -1


def _text(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return value if isinstance(value, str) else ""


def _risk(change: Change, sentence: str) -> Risk:
    by_use = "retention" in sentence or change.resource.type in _BY_USE
    return change.risk(Concern.COST, Severity.LOW if by_use else Severity.MEDIUM, sentence)
