"""A function's zip, signed by AWS Signer at deploy, and the rule that Lambda runs nothing that is not signed so."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import AssetType, TerraformAsset
from cdktf_cdktf_provider_aws.lambda_code_signing_config import (
    LambdaCodeSigningConfig,
    LambdaCodeSigningConfigAllowedPublishers,
    LambdaCodeSigningConfigPolicies,
)
from cdktf_cdktf_provider_aws.s3_object import S3Object
from cdktf_cdktf_provider_aws.signer_signing_job import (
    SignerSigningJob,
    SignerSigningJobDestination,
    SignerSigningJobDestinationS3,
    SignerSigningJobSource,
    SignerSigningJobSourceS3,
)
from constructs import Construct

from groundwork.packaging import Package
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.storage.private_bucket import PrivateBucket
from stacks.values import AwsScope

_MOST_PUBLISHERS = 20  # AWS Lambda, API reference, AllowedPublishers


class SignedCode(Construct):
    """`package` signed with the first of `profile_arns`; code signed with any of them is trusted, all other refused.

    A profile's ARN ends with /<name>/<version>. Signer reads and writes S3 alone, hence a bucket called `bucket_name`,
    encrypted with `key`. `s3_bucket` and `s3_key` are where the signed zip lies. A package that changes is signed anew
    under a new key, so that the function is updated.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        function_name: str,
        package: Package,
        profile_arns: Sequence[str],
        bucket_name: str,
        log_bucket_name: str,
        key: Key,
    ) -> None:
        super().__init__(scope, id_)
        if not 1 <= len(profile_arns) <= _MOST_PUBLISHERS:
            raise IllegalComposition(
                "profile_arns",
                f"{len(profile_arns)} signing profiles, Lambda takes 1 to {_MOST_PUBLISHERS}",
                "name the profile that signs, and those whose code may still run",
            )
        self.bucket = PrivateBucket(
            self,
            "code",
            aws=aws,
            bucket_name=bucket_name,
            key=key,
            log_bucket_name=log_bucket_name,
            single_region_because="The code is made again from the repository, and Lambda keeps a copy of its own.",
            disposable=not aws.protect,
        )
        asset = TerraformAsset(self, "package", path=str(package.path.resolve()), type=AssetType.FILE)
        unsigned = S3Object(
            self,
            "unsigned",
            bucket=self.bucket.bucket.id,
            key=f"unsigned/{function_name}.zip",
            source=asset.path,
            source_hash=package.sha256_base64,
            kms_key_id=key.arn,
            # Signer takes a version of an object, which only exists once the bucket keeps versions.
            depends_on=[self.bucket.versioning, self.bucket.policy],
        )
        self.job = SignerSigningJob(
            self,
            "job",
            profile_name=profile_arns[0].split("/")[-2],
            source=SignerSigningJobSource(
                s3=SignerSigningJobSourceS3(bucket=self.bucket.bucket.id, key=unsigned.key, version=unsigned.version_id)
            ),
            destination=SignerSigningJobDestination(
                s3=SignerSigningJobDestinationS3(bucket=self.bucket.bucket.id, prefix=f"signed/{function_name}/")
            ),
        )
        signed = self.job.signed_object.get(0).s3.get(0)
        self.s3_bucket: str = signed.bucket
        self.s3_key: str = signed.key
        self.config = LambdaCodeSigningConfig(
            self,
            "config",
            description=f"What may run as {function_name}",
            allowed_publishers=LambdaCodeSigningConfigAllowedPublishers(
                signing_profile_version_arns=list(profile_arns)
            ),
            policies=LambdaCodeSigningConfigPolicies(untrusted_artifact_on_deployment="Enforce"),
        )
