"""Code signing is off by default; with signing profiles, Lambda runs only code that they signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stacks.blocks.api.signed_code import SignedCode
from stacks.blocks.errors import IllegalComposition
from stacks.values import AwsScope
from tests.support.api import synth_api, tiny_packages
from tests.support.synth import environment, only_resource, resources

PROFILES = [
    "arn:aws:signer:eu-west-2:111122223333:/signing-profiles/release/Abc1234567",
    "arn:aws:signer:eu-west-2:111122223333:/signing-profiles/earlier/Zyx7654321",
]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return synth_api(tmp_path_factory.mktemp("packages"), function={"signing_profile_arns": PROFILES})


def name_of(document: Any, kind: str) -> str:
    (name,) = document["resource"][kind]
    return f"${{{kind}.{name}"


def test_without_a_profile_the_function_gets_the_zip_unsigned(tmp_path: Path) -> None:
    plain = synth_api(tmp_path)
    function = only_resource(plain, "aws_lambda_function")
    assert "code_signing_config_arn" not in function
    assert function["filename"].endswith(".zip")
    assert function["source_code_hash"]
    assert not {"aws_lambda_code_signing_config", "aws_signer_signing_job", "aws_s3_bucket"} & set(plain["resource"])


def test_lambda_refuses_code_that_no_named_profile_signed(signed: Any) -> None:
    config = only_resource(signed, "aws_lambda_code_signing_config")
    assert config["policies"] == {"untrusted_artifact_on_deployment": "Enforce"}
    assert config["allowed_publishers"] == {"signing_profile_version_arns": PROFILES}
    function = only_resource(signed, "aws_lambda_function")
    assert function["code_signing_config_arn"] == name_of(signed, "aws_lambda_code_signing_config") + ".arn}"


def test_the_function_gets_the_code_that_the_first_profile_signed(signed: Any) -> None:
    job = only_resource(signed, "aws_signer_signing_job")
    assert job["profile_name"] == "release"
    source = name_of(signed, "aws_s3_object")
    assert job["source"]["s3"] == {
        "bucket": name_of(signed, "aws_s3_bucket") + ".id}",
        "key": source + ".key}",
        "version": source + ".version_id}",
    }
    function = only_resource(signed, "aws_lambda_function")
    made = name_of(signed, "aws_signer_signing_job") + ".signed_object[0].s3[0]"
    assert (function["s3_bucket"], function["s3_key"]) == (f"{made}.bucket}}", f"{made}.key}}")
    assert not {"filename", "source_code_hash"} & set(function)


def test_another_package_is_another_version_and_is_signed_again(tmp_path: Path, signed: Any) -> None:
    values = {"signing_profile_arns": PROFILES, "runtime": "python3.12"}
    other = only_resource(synth_api(tmp_path, function=values), "aws_s3_object")
    assert other["source_hash"] != only_resource(signed, "aws_s3_object")["source_hash"]
    assert other["key"] == only_resource(signed, "aws_s3_object")["key"]


def test_the_code_is_stored_encrypted_versioned_and_private(signed: Any) -> None:
    assert only_resource(signed, "aws_s3_bucket")["bucket"] == "acme-dev-code-111122223333"
    assert only_resource(signed, "aws_s3_bucket_versioning")["versioning_configuration"] == {"status": "Enabled"}
    assert only_resource(signed, "aws_s3_object")["kms_key_id"] == name_of(signed, "aws_kms_key") + ".arn}"
    assert len(resources(signed, "aws_s3_bucket_public_access_block")) == 1


def test_the_finding_is_waived_only_while_signing_is_off(tmp_path: Path) -> None:
    from cdktf import Testing

    from stacks.api import ApiStack
    from stacks.blocks.waivers import waivers

    def waived(**function: Any) -> set[str]:
        values = environment(api={"function": {"in_vpc": False, **function}})
        stack = ApiStack(Testing.app(), values, network=None, package_source=tiny_packages(tmp_path))
        return {waiver.check for waiver in waivers(stack)}

    assert "CKV_AWS_272" in waived()
    assert "CKV_AWS_272" not in waived(signing_profile_arns=PROFILES)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:signer:eu-west-2:111122223333:/signing-profiles/release",
        "arn:aws:kms:eu-west-2:111122223333:key/release/Abc1234567",
    ],
)
def test_an_arn_without_a_profile_version_is_refused(arn: str) -> None:
    with pytest.raises(ValidationError, match="signing_profile_arns"):
        environment(api={"function": {"signing_profile_arns": [arn]}})


def test_the_block_refuses_more_profiles_than_lambda_takes(tmp_path: Path) -> None:
    from cdktf import TerraformStack, Testing

    from groundwork.packaging import host_target
    from stacks.blocks.security.encryption_key import ExistingKey

    with pytest.raises(IllegalComposition, match="21 signing profiles, Lambda takes 1 to 20"):
        SignedCode(
            TerraformStack(Testing.app(), "x"),
            "code",
            aws=AwsScope(account="111122223333", region="eu-west-2", protect=False),
            function_name="populate",
            package=tiny_packages(tmp_path)("populate", host_target()),
            profile_arns=PROFILES[:1] * 21,
            bucket_name="code",
            log_bucket_name="logs",
            key=ExistingKey("arn:aws:kms:eu-west-2:111122223333:key/1"),
        )
