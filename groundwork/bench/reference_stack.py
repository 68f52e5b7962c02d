"""The measured stack: a provider and eight resources of four types, written to the folder in the first argument."""

import os
import sys

from groundwork.synthesis import lazy_provider

lazy_provider.install(os.environ)

from cdktf import App, TerraformStack  # noqa: E402 - the measurement begins here
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup  # noqa: E402
from cdktf_cdktf_provider_aws.kms_key import KmsKey  # noqa: E402
from cdktf_cdktf_provider_aws.provider import AwsProvider  # noqa: E402
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket  # noqa: E402
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue  # noqa: E402

app = App(outdir=sys.argv[1])
stack = TerraformStack(app, "reference")
AwsProvider(stack, "aws", region="eu-central-1")
key = KmsKey(stack, "key", enable_key_rotation=True)
for number in range(4):
    S3Bucket(stack, f"bucket_{number}", bucket=f"reference-{number}", tags={"number": str(number)})
for number in range(2):
    SqsQueue(stack, f"queue_{number}", name=f"reference-{number}", kms_master_key_id=key.arn)
CloudwatchLogGroup(stack, "log", name="/reference", retention_in_days=365, kms_key_id=key.arn)
app.synth()
