"""The bucket of charts and who may write, read and delete there, by the synthesised policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.aws.policy import Call, Decision, Principal, evaluate
from stacks.values.delivery import Delivery
from tests.support.pipeline_roles import ACCOUNT, ROLES, allowed, delivery
from tests.support.synth import resources

BUCKET = f"arn:aws:s3:::acme-dev-charts-{ACCOUNT}"
PACKAGE, INDEX = f"{BUCKET}/service-1.2.3.tgz", f"{BUCKET}/index.yaml"
KEY = f"arn:aws:kms:eu-west-2:{ACCOUNT}:key/1234"
PERSON = f"arn:aws:iam::{ACCOUNT}:role/administrator"
ONCE, SEEN = {"s3:if-none-match": "*"}, {"s3:if-match": '"etag"'}


def refused(action: str, resource: str, principal: str, context: dict[str, str] | None = None) -> bool:
    """Whether the bucket's own policy refuses, whatever a role's policies allow."""
    policies = delivery()["resource"]["aws_s3_bucket_policy"]
    (policy,) = [policy["policy"] for name, policy in policies.items() if name.startswith("charts_")]
    keys = {"aws:SecureTransport": ["true"]} | {key: [value] for key, value in (context or {}).items()}
    return evaluate(policy, Call(Principal(ACCOUNT, principal), action, resource, keys)) is Decision.DENIED


def key_for(bucket: str) -> dict[str, str]:
    return {
        "kms:ResourceAliases": "alias/acme-dev-registries",
        "kms:ViaService": "s3.eu-west-2.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": bucket,
    }


def test_every_chart_of_the_repository_has_a_registry(checkout: Path) -> None:
    """ECR makes none when something is pushed."""
    assert list(Delivery().charts) == sorted(path.parent.name for path in (checkout / "charts").glob("*/Chart.yaml"))


@pytest.mark.parametrize(
    ("key", "context", "written"),
    [
        (PACKAGE, ONCE, True),
        (PACKAGE, SEEN, False),
        (PACKAGE, {}, False),
        (INDEX, ONCE, True),
        (INDEX, SEEN, True),
        (INDEX, {}, False),
    ],
)
def test_a_package_is_written_once_and_the_index_only_by_who_has_read_it(
    key: str, context: dict[str, str], written: bool
) -> None:
    assert refused("s3:PutObject", key, ROLES["release-charts"], context) is not written
    assert allowed(delivery(), "release-charts", "s3:PutObject", key, context)


@pytest.mark.parametrize("principal", [ROLES["apply"], ROLES["plan"], ROLES["release-images"], PERSON])
def test_nobody_but_a_release_writes(principal: str) -> None:
    assert refused("s3:PutObject", PACKAGE, principal, ONCE)
    assert refused("s3:PutObject", INDEX, principal, SEEN)


def test_a_release_deletes_nothing_and_changes_no_setting() -> None:
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert refused(action, PACKAGE, ROLES["release-charts"])
        assert not allowed(delivery(), "release-charts", action, PACKAGE)
    assert not allowed(delivery(), "release-charts", "s3:PutBucketPolicy", BUCKET)


def test_the_pipeline_never_changes_the_bucket() -> None:
    for action in ("s3:PutBucketPolicy", "s3:PutBucketVersioning", "s3:DeleteBucket"):
        assert not allowed(delivery(), "apply", action, BUCKET)
    assert not allowed(delivery(), "apply", "s3:DeleteObjectVersion", PACKAGE)


def test_only_who_releases_or_deploys_reads_charts() -> None:
    repository = f"arn:aws:ecr:eu-west-2:{ACCOUNT}:repository/acme-dev/charts/service"
    image = repository.replace("charts/service", "ledger")
    for role, reads in (("release-charts", True), ("apply", True), ("plan", False), ("plan-pull-request", False)):
        assert allowed(delivery(), role, "s3:GetObject", PACKAGE) is reads
        assert allowed(delivery(), role, "kms:Decrypt", KEY, key_for(BUCKET)) is reads
        assert allowed(delivery(), role, "ecr:BatchGetImage", repository) is reads
        assert allowed(delivery(), role, "ecr:GetAuthorizationToken", "*") is reads
    assert not allowed(delivery(), "apply", "ecr:BatchGetImage", image)
    assert not allowed(delivery(), "apply", "ecr:PutImage", repository)
    assert not allowed(delivery(), "apply", "s3:PutObject", PACKAGE, ONCE)


def test_a_release_uses_the_key_for_the_bucket_alone() -> None:
    assert allowed(delivery(), "release-charts", "kms:GenerateDataKey", KEY, key_for(BUCKET))
    for other in (
        key_for(f"arn:aws:s3:::acme-dev-other-{ACCOUNT}"),
        {**key_for(BUCKET), "kms:ViaService": "ecr.eu-west-2.amazonaws.com"},
        {**key_for(BUCKET), "kms:ResourceAliases": "alias/acme-dev-plans"},
    ):
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert not allowed(delivery(), "release-charts", action, KEY, other)


def test_the_bucket_is_versioned_encrypted_private_and_logged() -> None:
    def of_charts(kind: str) -> Any:
        (settings,) = [
            value for name, value in delivery()["resource"][kind].items() if name.startswith("charts_objects")
        ]
        return settings

    assert of_charts("aws_s3_bucket")["bucket"] == f"acme-dev-charts-{ACCOUNT}"
    assert of_charts("aws_s3_bucket_versioning")["versioning_configuration"] == {"status": "Enabled"}
    (rule,) = of_charts("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    default = rule["apply_server_side_encryption_by_default"]
    assert default["sse_algorithm"] == "aws:kms"
    assert "registry_key" in default["kms_master_key_id"]
    assert set(of_charts("aws_s3_bucket_public_access_block").values()) >= {True}
    assert of_charts("aws_s3_bucket_logging")["target_prefix"] == f"acme-dev-charts-{ACCOUNT}/"


def test_without_charts_there_is_no_bucket_and_no_right() -> None:
    document = delivery(delivery={"charts": []})
    assert not [each for each in resources(document, "aws_s3_bucket") if "charts" in each["bucket"]]
    assert not [each for each in resources(document, "aws_iam_role") if each["name"].endswith("release-charts")]
    assert not allowed(document, "apply", "s3:GetObject", PACKAGE)
