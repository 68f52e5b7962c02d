"""The zip that would be uploaded, run by AWS's own runtime client with nothing else on its path."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from groundwork.errors import PackagingError
from groundwork.packaging import Package, Target, build, host_target, load_function
from localcloud.aws.lambda_isolation import Isolation
from localcloud.aws.lambda_process import FunctionProcess
from localcloud.aws.lambda_spec import FunctionSpec, process_environment, unpack
from tests.lambda_src.conftest import BUCKET, ENVIRONMENT, TABLE
from tests.lambda_src.samples import http_event, rest_event

pytestmark = pytest.mark.slow

POPULATE = Path(__file__).parents[2] / "lambda_src" / "populate"
ARN = "arn:aws:lambda:eu-west-2:123456789012:function:populate"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exact-zip")


def packaged(folder: Path, target: Target) -> Package:
    try:
        return build(POPULATE, target, out=folder / "out")
    except PackagingError as error:
        if "uv could not get" not in error.message:
            raise
        pytest.skip("needs a package index that uv can reach, for the wheels of lambda_src/populate")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An AWS with the archive bucket and the table."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    aws: dict[str, Any] = {
        "endpoint_url": address,
        "region_name": "eu-west-2",
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }
    boto3.client("s3", **aws).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    boto3.client("dynamodb", **aws).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield address
    server.stop()


@pytest.fixture
def start(folder: Path, endpoint: str) -> Iterator[Any]:
    """Starts the zip with an environment; the processes end with the test."""
    started: list[FunctionProcess] = []

    def run(**environment: str) -> FunctionProcess:
        package = packaged(folder, host_target())
        function = load_function(POPULATE)
        code = package.path.read_bytes()
        assert base64.b64encode(hashlib.sha256(code).digest()).decode() == package.sha256_base64
        own = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("AWS_")} | environment
        spec = FunctionSpec(
            arn=ARN,
            name="populate",
            version="$LATEST",
            account="123456789012",
            region="eu-west-2",
            role="arn:aws:iam::123456789012:role/populate",
            handler=function.handler,
            runtime=host_target().runtime,
            timeout=function.timeout_seconds,
            memory=function.memory_mb,
            architecture=host_target().architecture,
            code_sha256=package.sha256_base64,
            log_group="/aws/lambda/populate",
            log_format="Text",
            code=code,
            environment=own,
        )
        room = Isolation(folder).room(unpack(spec, folder / "code")[0], [], function.handler)
        variables = process_environment(
            spec,
            endpoint=endpoint,
            credentials=CREDENTIALS,
            paths=[room.runtime],
            task=room.task,
            stream="stream",
        )
        started.append(FunctionProcess(room.start, variables))
        return started[-1]

    yield run
    for process in started:
        process.end()


def invoke(process: FunctionProcess, event: dict[str, Any]) -> dict[str, Any]:
    outcome = process.invoke(json.dumps(event).encode(), request_id="5f0f9a62", arn=ARN, timeout=28)
    assert outcome.error == "", outcome.payload.decode()
    answer: dict[str, Any] = json.loads(outcome.payload)
    return answer


@pytest.mark.row("0.16")
def test_the_uploaded_bytes_write_a_file_behind_a_rest_api(start):
    process = start(API_FLAVOUR="rest")
    first, second = (invoke(process, rest_event('{"records": 2}')) for _ in range(2))
    assert (first["statusCode"], second["statusCode"]) == (201, 201)
    assert json.loads(first["body"])["key"] != json.loads(second["body"])["key"]
    log = [text for _, text in process.take_output()]
    assert sum('"ColdStart":[1.0]' in line for line in log) == 1
    assert sum('"FilesWritten":[1.0]' in line for line in log) == 2


def test_the_uploaded_bytes_recognise_a_repeat_behind_an_http_api(start):
    process = start(API_FLAVOUR="http")
    event = http_event('{"records": 2}', headers={"Idempotency-Key": "order-1"})
    first, second = invoke(process, event), invoke(process, event)
    assert first["statusCode"] == 201
    assert second["headers"]["Idempotency-Replayed"] == "true"
    assert first["body"] == second["body"]


def test_a_wrong_setting_is_an_answer_not_a_crash(start):
    assert invoke(start(API_FLAVOUR="soap"), rest_event())["statusCode"] == 500


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_committed_lock_packages_for_the_cloud(folder: Path, architecture: str):
    package = packaged(folder, Target("python3.13", architecture))
    assert [name for name in package.files if name.endswith(".so")]
    assert not [name for name in package.files if name.split("/")[0] in {"boto3", "botocore"}]
    assert package.size < 15_000_000
