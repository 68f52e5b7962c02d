"""The cache of images is made by the pipeline's own roles, once a person has filled the secret that bootstrap made."""

from __future__ import annotations

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
from tests.support.merged_stacks import merge
from tests.support.synth import merged
from tests.support.terraform import find_or_skip

pytestmark = [pytest.mark.terraform, pytest.mark.slow, pytest.mark.timeout(900)]

SECRET = "ecr-pullthroughcache/acme-dev-ghcr"


@pytest.fixture
def pipeline(tmp_path: Path, checkout: Path) -> Iterator[Pipeline]:
    cloud, signer = LocalCloud(tmp_path / "cloud", Path(sys.executable)), Signer()
    values: dict[str, Any] = load(checkout / "environments" / "dev.yaml").model_dump(exclude_unset=True)
    environment = Environment.model_validate(
        merged(values, {"cluster": {"image_cache": ["public.ecr.aws", "ghcr.io"], "node_groups": {"general": {}}}})
    )
    made = Pipeline(environment, find_or_skip(checkout, tmp_path), cloud.up(port=0).endpoint, cloud.keys, signer)
    cloud.trust_issuer(GITHUB, signer.jwks())
    yield made
    cloud.down()


def test_the_cache_is_made_by_the_pipeline_after_a_person_gave_a_token(pipeline: Pipeline, tmp_path: Path) -> None:
    documents(tmp_path / "out", pipeline.environment)
    bootstrap, applied = tmp_path / "bootstrap", tmp_path / "applied"
    merge(tmp_path / "out", "dev", ("state-backend", "account", "delivery"), bootstrap, state=None)
    merge(tmp_path / "out", "dev", ("network", "cluster"), applied, state="applied")
    succeed(pipeline.terraform.run(bootstrap, "get", environ={}))
    succeed(pipeline.run("person", bootstrap, "apply", "-auto-approve", "-parallelism=20"))
    succeed(pipeline.run("plan", applied, "init"))

    succeed(pipeline.run("plan", applied, "plan", "-out=early"))
    early = pipeline.run("apply", applied, "apply", "-parallelism=20", "early")
    assert early.code, "ECR reads the secret at once, and it is empty"
    assert "UnableToAccessSecretException" in early.output

    keys = pipeline.person()
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=pipeline.endpoint,
        region_name=pipeline.environment.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    secrets.put_secret_value(SecretId=SECRET, SecretString='{"username": "robot", "accessToken": "a"}')
    succeed(pipeline.run("plan", applied, "plan", "-out=approved"))
    succeed(pipeline.run("apply", applied, "apply", "-parallelism=20", "approved"))
    for folder in (bootstrap, applied):
        succeed(pipeline.run("plan-pull-request", folder, "plan", "-lock=false", "-detailed-exitcode"))
    succeed(pipeline.run("apply", applied, "destroy", "-auto-approve", "-parallelism=20"))
