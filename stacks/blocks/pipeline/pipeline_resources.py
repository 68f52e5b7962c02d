"""The ARNs of what a pipeline of one environment works on, by the names that everything in it begins with."""

from __future__ import annotations

from stacks.values import AwsScope, Names

ACTIONS_WITHOUT_RESOURCES = "these actions know no resource, they list what the account and region have"
IDS_ARE_UNKNOWN = "AWS chooses the ids of these when it makes them; the boundary limits regions and protects delivery"


def bucket_arns(names: Names) -> list[str]:
    """Every bucket of the environment."""
    return [names.aws.bucket_arn(f"{names.prefix}-*")]


def api_arn(aws: AwsScope, path: str) -> str:
    """ARN of what API Gateway manages under `path`; such ARNs name no account."""
    return aws.arn("apigateway", path, account="")


def api_arns(names: Names) -> list[str]:
    """API Gateway's own resources, without API keys, whose values a GET shows, and without the account's settings."""
    kinds = ("restapis", "apis", "domainnames", "usageplans", "tags", "vpclinks")
    return [api_arn(names.aws, path) for kind in kinds for path in (f"/{kind}", f"/{kind}/*")]


def cluster_arns(names: Names) -> list[str]:
    """The environment's cluster and what belongs to it."""
    parts = ("nodegroup", "addon", "fargateprofile", "access-entry", "podidentityassociation")
    return [
        names.aws.arn("eks", f"cluster/{names.cluster}"),
        *(names.aws.arn("eks", f"{part}/{names.cluster}/*") for part in parts),
    ]


def alarm_arns(names: Names) -> list[str]:
    """Alarms and dashboards of the environment; dashboards have no region."""
    return [
        names.aws.arn("cloudwatch", f"alarm:{names.prefix}-*"),
        names.aws.arn("cloudwatch", f"dashboard/{names.prefix}-*", region=""),
    ]


def log_group_arns(names: Names) -> list[str]:
    """Log groups of the environment, and API Gateway's, which it names itself."""
    groups = (
        f"/aws/*/{names.prefix}-*",
        f"/groundwork/{names.prefix}/*",
        f"aws-waf-logs-{names.prefix}-*",
        "API-Gateway-Execution-Logs_*",
    )
    return [names.aws.arn("logs", f"log-group:{group}") for group in groups]
