"""What the function in lambda_src/populate takes: requests, variables, and a machine to run on."""

from __future__ import annotations

from groundwork.packaging import Target, host_target
from stacks.values import Names
from stacks.values.api import Function

FUNCTION = "populate"
# What the function reads (lambda_src/populate/models.py), in the draft of JSON Schema that API Gateway knows.
REQUEST_SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "PopulateRequest",
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "records": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000},
        "seed": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**63 - 1},
    },
}


def target(values: Function) -> Target:
    """What to package the code for. `host` stands for the machine that synthesises; api_rules allows it on laptops."""
    host = host_target()
    return Target(
        host.runtime if values.runtime == "host" else values.runtime,
        host.architecture if values.architecture == "host" else values.architecture,
    )


def variables(names: Names, *, table: str, secret_arn: str | None) -> dict[str, str]:
    """The function's environment: `table` remembers requests, `secret_arn` holds the key of the listings API."""
    environment, values = names.environment, names.environment.api
    optional = {
        "LISTINGS_SECRET_ARN": secret_arn,
        "API_BASE_PATH": values.domain.base_path if values.domain else None,
    }
    return {
        "API_FLAVOUR": values.kind,
        "ARCHIVE_BUCKET": names.archive_bucket,
        "ARCHIVE_ACCOUNT_ID": names.archive_aws.account,
        "ARCHIVE_REGION": names.archive_aws.region,
        "ARCHIVE_PREFIX": environment.archive.prefix.strip("/"),
        "IDEMPOTENCY_TABLE": table,
        "SOURCE": values.function.source,
        "DEFAULT_RECORDS": str(values.function.default_records),
        "POWERTOOLS_SERVICE_NAME": FUNCTION,
        "POWERTOOLS_METRICS_NAMESPACE": names.prefix,
        "POWERTOOLS_LOG_LEVEL": values.function.log_level,
        **{name: value for name, value in optional.items() if value},
    }
