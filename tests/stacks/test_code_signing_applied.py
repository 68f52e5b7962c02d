"""A function whose code is signed at deploy, through the real Terraform and provider against the embedded AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from tests.localcloud.core.functions import zip_of
from tests.support import terraform
from tests.support.aws import log_bucket
from tests.support.running_cloud import running_cloud
from tests.support.terraform import Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

# Runs in another process, because the App's output folder is set for a whole process.
SYNTHESISE = """
import os, sys
from pathlib import Path
from groundwork.synthesis import lazy_provider
lazy_provider.install(os.environ)
from cdktf import App, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider
from groundwork.packaging import Package, host_target
from stacks.blocks.security.encryption_key import EncryptionKey, logs_key_use
from stacks.blocks.api.lambda_function import LambdaFunction
from stacks.blocks.api.signed_code import SignedCode
from stacks.values import AwsScope
from stacks.values.api import Function

out, zipped, checksum, profile = sys.argv[1:]
aws = AwsScope(account="000000000000", region="eu-west-2", protect=False)
app = App(outdir=out)
stack = TerraformStack(app, "signed")
AwsProvider(stack, "aws", region=aws.region, max_retries=2, s3_use_path_style=True)
key = EncryptionKey(
    stack, "key", aws=aws, alias="alias/signed", description="test",
    statements=[logs_key_use(aws, "/aws/lambda/signed")],
)
package = Package(Path(zipped), checksum, Path(zipped).stat().st_size, ("handler.py",))
code = SignedCode(
    stack, "code", aws=aws, function_name="signed", package=package, profile_arns=[profile],
    bucket_name="signed-code", log_bucket_name="signed-logs", key=key,
)
LambdaFunction(
    stack, "function", aws=aws, name="signed", description="test", package=package, target=host_target(),
    handler="handler.handle", environment={"A": "B"}, key=key, values=Function(), signed=code,
)
app.synth()
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def program(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return terraform.find_or_skip(checkout, tmp_path_factory.mktemp("terraform"))


def client(service: str, cloud: LocalCloud) -> Any:
    import boto3

    made: Any = boto3.Session(cloud.keys.access_key, cloud.keys.secret, region_name="eu-west-2").client(
        service,  # type: ignore[call-overload]
        endpoint_url=cloud.up().endpoint,
    )
    return made


def test_a_new_package_is_signed_and_runs_and_can_be_destroyed(
    program: Terraform, cloud: LocalCloud, checkout: Path, tmp_path: Path
) -> None:
    signer, s3, functions = (client(name, cloud) for name in ("signer", "s3", "lambda"))
    profile = signer.put_signing_profile(profileName="release", platformId="AWSLambda-SHA384-ECDSA")
    log_bucket(s3, "signed-logs")

    def deploy(answer: str) -> None:
        zipped = tmp_path / f"{answer}.zip"
        zipped.write_bytes(zip_of(f"def handle(event, context):\n    return {answer!r}\n"))
        arguments = [str(tmp_path / "out"), str(zipped), f"checksum of {answer}", profile["profileVersionArn"]]
        made = subprocess.run(
            [sys.executable, "-c", SYNTHESISE, *arguments], cwd=checkout, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr[-3000:]
        file = tmp_path / "out/stacks/signed/cdk.tf.json"
        document = json.loads(file.read_text(encoding="utf-8"))
        del document["terraform"]["backend"]  # with the state in a file, no `init` is needed
        file.write_text(json.dumps(document), encoding="utf-8")
        assert run("apply", "-auto-approve") == 0
        assert run("plan", "-detailed-exitcode") == 0, "a second plan must be empty"

    def run(*command: str) -> int:
        environ = {
            "AWS_ENDPOINT_URL": cloud.up().endpoint,
            "AWS_ACCESS_KEY_ID": cloud.keys.access_key,
            "AWS_SECRET_ACCESS_KEY": cloud.keys.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        done = program.run(tmp_path / "out/stacks/signed", *command, "-no-color", "-input=false", environ=environ)
        assert done.code in {0, 2}, done.end
        return done.code

    def invoke() -> Any:
        return json.loads(functions.invoke(FunctionName="signed", Qualifier="live", Payload=b"{}")["Payload"].read())

    def signed() -> set[str]:
        listed = s3.list_objects_v2(Bucket="signed-code", Prefix="signed/signed/").get("Contents", [])
        return {entry["Key"] for entry in listed}

    deploy("first")
    assert invoke() == "first"
    (before,) = signed()
    config = functions.get_function_code_signing_config(FunctionName="signed")["CodeSigningConfigArn"]
    policies = functions.get_code_signing_config(CodeSigningConfigArn=config)["CodeSigningConfig"]
    assert policies["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    assert policies["AllowedPublishers"] == {"SigningProfileVersionArns": [profile["profileVersionArn"]]}

    deploy("second")
    assert invoke() == "second"
    assert signed() > {before}, "the new code is signed, and the earlier code is kept"

    assert run("destroy", "-auto-approve") == 0
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["signed-logs"]
    assert functions.list_functions()["Functions"] == functions.list_code_signing_configs()["CodeSigningConfigs"] == []
