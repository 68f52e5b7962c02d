"""What dev leaves out comes and goes with the rights of the pipeline's roles: Karpenter, cached images, DocumentDB.

A person fills the secret that the bootstrap made for the cache; until then ECR refuses it. What the person wrote is in
no state, plan or synthesised file afterwards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from stacks.values import Environment, load
from tests.support.catalog import documents
from tests.support.karpenter import WITH_KARPENTER
from tests.support.leaks import leaks
from tests.support.merged_stacks import merge
from tests.support.pipeline_jobs import PipelineJobs, succeed
from tests.support.synth import merged
from tests.support.terraform import find_or_skip

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(900)]

CLUSTER = {**WITH_KARPENTER, "image_cache": ["public.ecr.aws", "ghcr.io"]}
DATA = {"mongodb": {"kind": "documentdb", "documentdb": {"instances": 1}}}
SECRET = "ecr-pullthroughcache/acme-dev-ghcr"
PLANTED = "canary-of-the-registry-13"
INTERRUPTION = {"Source": "aws.ec2", "DetailType": "EC2 Spot Instance Interruption Warning", "Detail": "{}"}


@pytest.fixture
def pipeline(tmp_path: Path, checkout: Path) -> Iterator[PipelineJobs]:
    cloud = LocalCloud(tmp_path / "cloud", Path(sys.executable))
    values: dict[str, Any] = load(checkout / "environments" / "dev.yaml").model_dump(exclude_unset=True)
    environment = Environment.model_validate({**merged(values, {"cluster": CLUSTER}), "data": DATA})
    yield PipelineJobs.of(environment, find_or_skip(checkout, tmp_path), cloud)
    cloud.down()


def test_what_dev_leaves_out_comes_and_goes_with_the_pipelines_rights(pipeline: PipelineJobs, tmp_path: Path) -> None:
    documents(tmp_path / "out", pipeline.environment)
    bootstrap, applied = tmp_path / "bootstrap", tmp_path / "applied"
    merge(tmp_path / "out", "dev", ("state-backend", "account", "delivery"), bootstrap, state=None)
    merge(tmp_path / "out", "dev", ("network", "cluster", "data"), applied, state="applied")
    succeed(pipeline.terraform.run(bootstrap, "get", environ={}))
    succeed(pipeline.run("person", bootstrap, "apply", "-auto-approve", "-parallelism=20"))
    succeed(pipeline.run("plan", applied, "init"))

    succeed(pipeline.run("plan", applied, "plan", "-out=early"))
    early = pipeline.run("apply", applied, "apply", "-parallelism=20", "early")
    assert early.code, "ECR reads the secret at once, and it is empty"
    assert "UnableToAccessSecretException" in early.output

    secrets = pipeline.client_of_person("secretsmanager")
    filled = json.dumps({"username": "robot", "accessToken": PLANTED})
    secrets.put_secret_value(SecretId=SECRET, SecretString=filled)
    succeed(pipeline.run("plan", applied, "plan", "-out=approved"))
    succeed(pipeline.run("apply", applied, "apply", "-parallelism=20", "approved"))
    for folder in (bootstrap, applied):
        succeed(pipeline.run("plan-pull-request", folder, "plan", "-lock=false", "-detailed-exitcode"))

    assert PLANTED in secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    backend = json.loads((applied / "main.tf.json").read_text())["terraform"]["backend"]["s3"]
    state = pipeline.client_of_person("s3").get_object(Bucket=backend["bucket"], Key=backend["key"])["Body"].read()
    assert SECRET.encode() in (bootstrap / "terraform.tfstate").read_bytes()
    (applied / "state").write_bytes(state)
    folders = ("out", "bootstrap", "applied")  # the last one with the plans early and approved
    assert not [leak for name in folders for leak in leaks(tmp_path / name, [PLANTED])]

    pipeline.client_of_person("events").put_events(Entries=[INTERRUPTION])
    sqs = pipeline.client_of_person("sqs")
    queue = sqs.get_queue_url(QueueName=pipeline.names.karpenter_queue)["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail-type"] == INTERRUPTION["DetailType"]

    succeed(pipeline.run("apply", applied, "destroy", "-auto-approve", "-parallelism=20"))
