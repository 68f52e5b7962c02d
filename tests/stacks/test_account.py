"""What an account has once: which environment makes it, and how the audit trail is protected."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import EnvironmentFileError
from localcloud.aws.policy import Call, Principal, permitted
from stacks.account import AccountStack
from stacks.blocks.errors import IllegalComposition
from stacks.values import load_all
from stacks.values.across import check_environments
from tests.support.synth import environment, only_resource, resources, statements, synth

ACCOUNT = "111122223333"


@cache
def account() -> Any:
    return synth(AccountStack, singletons={"github_repository": "acme/groundwork"})


def in_account(name: str, *, owns: bool, account_id: str = ACCOUNT) -> Any:
    return environment(name=name, accounts={"main": {"id": account_id, "owns_singletons": owns}})


def test_one_owner_per_account_is_accepted() -> None:
    check_environments(
        [
            in_account("dev", owns=True),
            in_account("test", owns=False),
            in_account("prod", owns=True, account_id="2" * 12),
        ]
    )


def test_two_owners_in_one_account_are_refused_by_file_and_key() -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        check_environments([in_account("test", owns=True), in_account("dev", owns=True)])
    assert str(caught.value) == (
        "dev.yaml, test.yaml: accounts.main.owns_singletons: account 111122223333 has 2 owners, it can have one\n"
        "    fix: keep it in dev.yaml, write `owns_singletons: false` in test.yaml"
    )


def test_an_account_without_an_owner_is_refused_by_file_and_key() -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        check_environments([in_account("dev", owns=False), in_account("test", owns=False)])
    assert str(caught.value) == (
        "dev.yaml, test.yaml: accounts.main.owns_singletons: "
        "no environment creates what exists once in account 111122223333\n"
        "    fix: write `owns_singletons: true` in one of them"
    )


def test_loading_a_folder_checks_the_owners(tmp_path: Path) -> None:
    text = (
        "organisation: acme\nregion: eu-west-2\naccounts: {main: {id: '111122223333'}, archive: {id: '444455556666'}}\n"
        "delivery: {runner_label: vpc}\n"
    )
    for name in ("dev", "test"):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(EnvironmentFileError, match="has 2 owners"):
        load_all(tmp_path)


def test_the_archive_cannot_be_the_main_account() -> None:
    with pytest.raises(ValueError, match="is the main account, too"):
        environment(accounts={"archive": {"id": ACCOUNT}})


def test_an_environment_that_is_not_the_owner_has_no_account_stack() -> None:
    with pytest.raises(IllegalComposition) as caught:
        synth(AccountStack, accounts={"main": {"owns_singletons": False}})
    assert "another environment makes what exists once in account 111122223333" in str(caught.value)


def test_the_trail_covers_every_region_and_shows_tampering() -> None:
    trail = only_resource(account(), "aws_cloudtrail")
    assert trail["is_multi_region_trail"] is True
    assert trail["enable_log_file_validation"] is True
    assert trail["kms_key_id"].startswith("${aws_kms_key.")
    assert trail["cloud_watch_logs_group_arn"].endswith(".arn}:*")


def test_what_the_trail_recorded_can_be_locked() -> None:
    document = synth(AccountStack, protect=True, singletons={"trail_lock_days": 90})
    assert only_resource(document, "aws_s3_bucket_object_lock_configuration")["rule"]["default_retention"]["days"] == 90
    assert not resources(account(), "aws_s3_bucket_object_lock_configuration")


def trail_policies() -> tuple[str, str]:
    (bucket,) = [p["policy"] for p in resources(account(), "aws_s3_bucket_policy") if "CloudTrailWrites" in p["policy"]]
    return bucket, only_resource(account(), "aws_kms_key")["policy"]


@pytest.mark.parametrize(("trail", "expected"), [("acme-dev-audit", True), ("somebody-elses", False)])
def test_only_this_trail_writes_into_its_bucket(trail: str, expected: bool) -> None:
    bucket, key = trail_policies()
    source = {
        "aws:SourceArn": [f"arn:aws:cloudtrail:eu-west-2:{ACCOUNT}:trail/{trail}"],
        "aws:SecureTransport": ["true"],
    }
    cloudtrail = Principal(account="", arn="", service="cloudtrail.amazonaws.com")
    put = Call(
        principal=cloudtrail,
        action="s3:PutObject",
        resource=f"arn:aws:s3:::acme-dev-audit-{ACCOUNT}/AWSLogs/{ACCOUNT}/CloudTrail/x.json.gz",
        context={**source, "s3:x-amz-acl": ["bucket-owner-full-control"]},
    )
    encrypt = Call(principal=cloudtrail, action="kms:GenerateDataKey", resource="arn:aws:kms:::key/k", context=source)
    assert permitted(bucket, put, owner=ACCOUNT) is expected
    assert permitted(key, encrypt, owner=ACCOUNT) is expected


def test_githubs_identity_provider_is_made_only_if_a_repository_is_named() -> None:
    assert only_resource(account(), "aws_iam_openid_connect_provider")["client_id_list"] == ["sts.amazonaws.com"]
    assert resources(synth(AccountStack), "aws_iam_openid_connect_provider") == []


def test_guardduty_s_features_are_enabled_one_after_the_other() -> None:
    features = account()["resource"]["aws_guardduty_detector_feature"]
    assert {feature["name"] for feature in features.values()} == {
        "S3_DATA_EVENTS",
        "EKS_AUDIT_LOGS",
        "EBS_MALWARE_PROTECTION",
        "RDS_LOGIN_EVENTS",
        "LAMBDA_NETWORK_LOGS",
    }
    assert len([feature for feature in features.values() if not feature.get("depends_on")]) == 1


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("trail", "aws_cloudtrail"),
        ("threat_detection", "aws_guardduty_detector"),
        ("access_analyzer", "aws_accessanalyzer_analyzer"),
        ("encrypt_disks", "aws_ebs_encryption_by_default"),
        ("password_policy", "aws_iam_account_password_policy"),
        ("api_gateway_logs_role", "aws_api_gateway_account"),
    ],
)
def test_each_singleton_can_be_switched_off(value: str, kind: str) -> None:
    assert resources(account(), kind)
    assert not resources(synth(AccountStack, singletons={value: False}), kind)


def test_api_gateway_gets_the_role_for_its_logs() -> None:
    (role,) = [r for r in resources(account(), "aws_iam_role") if r["name"] == "acme-dev-api-gateway-logs"]
    trust = statements(role["assume_role_policy"])["ServiceAssumes"]
    assert trust["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert "Condition" not in trust
