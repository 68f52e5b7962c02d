"""A running embedded AWS for the tests of this folder, and clients for any account of it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from groundwork.state import aws_session
from localcloud.cloud import LocalCloud, Status
from localcloud.profile import Keys
from tests.support.running_cloud import running_cloud

sys.path.insert(0, str(Path(__file__).parent))  # functions.py, which several test modules share

REGION = "eu-west-2"
MAIN = "000000000000"


class Aws:
    """Clients of one server. Another account than the main one is reached through a role of it, as Terraform does."""

    def __init__(self, endpoint: str, keys: Keys) -> None:
        self.endpoint = endpoint
        self.keys = keys
        self._names = itertools.count(1)
        self._clients: dict[tuple[str, ...], Any] = {}

    def unique(self, prefix: str) -> str:
        return f"{prefix}-{next(self._names)}"

    def client(self, service: str, *, account: str = MAIN, role: str = "", region: str = REGION) -> Any:
        """A client as the main account's root, or as `role` of `account`; made once, since that takes time."""
        key = (service, account, role, region)
        if key not in self._clients:
            self._clients[key] = self._make(*key)
        return self._clients[key]

    def _make(self, service: str, account: str, role: str, region: str) -> Any:
        keys = [self.keys.access_key, self.keys.secret]
        if account != MAIN or role:
            arn = f"arn:aws:iam::{account}:role/{role or 'anyone'}"
            granted = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
            keys = [granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"]]
        config = Config(retries={"max_attempts": 0}, read_timeout=60)
        session = aws_session.with_keys(*keys, region=region)
        return session.client(service, endpoint_url=self.endpoint, config=config)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One server for all tests that do not stop it."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def running(shared: LocalCloud) -> Status:
    return shared.up()


@pytest.fixture(scope="session")
def aws(shared: LocalCloud, running: Status) -> Aws:
    return Aws(running.endpoint, shared.keys)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A server of the test's own, not started yet; stopped after the test."""
    server = LocalCloud(tmp_path, Path(sys.executable))
    yield server
    server.down()


@pytest.fixture
def aws_of(cloud: LocalCloud) -> Callable[[Status], Aws]:
    return lambda status: Aws(status.endpoint, cloud.keys)
