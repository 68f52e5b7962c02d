"""A running embedded AWS for the tests of this folder, and clients for any account of it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud.cloud import LocalCloud, Status

sys.path.insert(0, str(Path(__file__).parent))  # functions.py, which several test modules share

REGION = "eu-west-2"
MAIN = "000000000000"


class Aws:
    """Clients of one server; `account` other than the main one is reached as a role of it, as Terraform does."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._names = itertools.count(1)
        self._clients: dict[tuple[str, ...], Any] = {}

    def unique(self, prefix: str) -> str:
        return f"{prefix}-{next(self._names)}"

    def client(self, service: str, *, account: str = MAIN, role: str = "", region: str = REGION) -> Any:
        """A client as the main account's root, or as `role` of `account`; made once, which is what takes time."""
        wanted = (service, account, role, region)
        if wanted not in self._clients:
            self._clients[wanted] = self._make(*wanted)
        return self._clients[wanted]

    def _make(self, service: str, account: str, role: str, region: str) -> Any:
        keys = {"aws_access_key_id": "laptop", "aws_secret_access_key": "laptop-not-a-secret"}
        if account != MAIN or role:
            arn = f"arn:aws:iam::{account}:role/{role or 'anyone'}"
            issued = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
            keys = {
                "aws_access_key_id": issued["AccessKeyId"],
                "aws_secret_access_key": issued["SecretAccessKey"],
                "aws_session_token": issued["SessionToken"],
            }
        config = Config(retries={"max_attempts": 0}, read_timeout=60)
        return boto3.Session(region_name=region, **keys).client(service, endpoint_url=self.endpoint, config=config)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Status]:
    """One server for all tests that do not stop it."""
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"), Path(sys.executable))
    status = cloud.up(port=0)
    yield status
    cloud.down()


@pytest.fixture(scope="session")
def aws(running: Status) -> Aws:
    return Aws(running.endpoint)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A server of the test's own, not yet started; it is stopped whatever happens."""
    own = LocalCloud(tmp_path, Path(sys.executable))
    yield own
    own.down()


@pytest.fixture
def aws_of() -> Callable[[Status], Aws]:
    return lambda status: Aws(status.endpoint)
