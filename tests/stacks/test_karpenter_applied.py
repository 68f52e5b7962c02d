"""What Karpenter needs in AWS is made, planned again and destroyed by the pipeline's own roles."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.aws.web_identity import GITHUB
from localcloud.cloud import LocalCloud
from stacks.values import Environment, load
from tests.stacks.test_as_the_pipeline import Pipeline, succeed
from tests.support.catalog import documents
from tests.support.fake_github.oidc import Signer
from tests.support.karpenter import WITH_KARPENTER
from tests.support.merged_stacks import merge
from tests.support.synth import merged
from tests.support.terraform import find_or_skip

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def pipeline(tmp_path: Path, checkout: Path) -> Iterator[Pipeline]:
    cloud, signer = LocalCloud(tmp_path / "cloud", Path(sys.executable)), Signer()
    values: dict[str, Any] = load(checkout / "environments" / "dev.yaml").model_dump(exclude_unset=True)
    environment = Environment.model_validate(merged(values, {"cluster": WITH_KARPENTER}))
    made = Pipeline(environment, find_or_skip(checkout, tmp_path), cloud.up(port=0).endpoint, cloud.keys, signer)
    cloud.trust_issuer(GITHUB, signer.jwks())
    yield made
    cloud.down()


def test_karpenters_side_of_aws_comes_and_goes_with_the_pipelines_rights(pipeline: Pipeline, tmp_path: Path) -> None:
    documents(tmp_path / "out", pipeline.environment)
    bootstrap, applied = tmp_path / "bootstrap", tmp_path / "applied"
    merge(tmp_path / "out", "dev", ("state-backend", "account", "delivery"), bootstrap, state=None)
    merge(tmp_path / "out", "dev", ("network", "cluster"), applied, state="applied")
    succeed(pipeline.terraform.run(bootstrap, "get", environ={}))
    succeed(pipeline.run("person", bootstrap, "apply", "-auto-approve", "-parallelism=20"))
    succeed(pipeline.run("plan", applied, "init"))
    succeed(pipeline.run("plan", applied, "plan", "-out=approved"))
    succeed(pipeline.run("apply", applied, "apply", "-parallelism=20", "approved"))
    for folder in (bootstrap, applied):
        succeed(pipeline.run("plan-pull-request", folder, "plan", "-lock=false", "-detailed-exitcode"))

    events = _client(pipeline, "events")
    events.put_events(
        Entries=[{"Source": "aws.ec2", "DetailType": "EC2 Spot Instance Interruption Warning", "Detail": "{}"}]
    )
    sqs = _client(pipeline, "sqs")
    queue = sqs.get_queue_url(QueueName=pipeline.names.karpenter_queue)["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail-type"] == "EC2 Spot Instance Interruption Warning"

    succeed(pipeline.run("apply", applied, "destroy", "-auto-approve", "-parallelism=20"))


def _client(pipeline: Pipeline, service: str) -> boto3.client:
    keys = pipeline.person()
    return boto3.client(
        service,
        endpoint_url=pipeline.endpoint,
        region_name=pipeline.environment.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
