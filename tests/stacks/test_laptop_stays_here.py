"""The laptop's Terraform never reaches AWS, whatever the shell sets: with the real Terraform and provider."""

from __future__ import annotations

import json
import shutil
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.profile import Profile
from tests.support import terraform
from tests.support.terraform import Terraform

pytestmark = pytest.mark.terraform
STACK = "local-network"
REFUSED = "proxyconnect tcp: dial tcp 127.0.0.1:9: connect: connection refused"


class Outside(socketserver.ThreadingTCPServer):
    """The proxy of a company: records which hosts are requested, and forwards nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Visit(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Outside)
        self.server.requests.append(self.rfile.readline().decode().strip())
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def program(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return terraform.find_or_skip(checkout, tmp_path_factory.mktemp("terraform"), shared=False)


@pytest.fixture
def stack(checkout: Path, synthesised: Path, tmp_path: Path) -> Path:
    """The synthesised stack in a checkout with only the laptop's profile; no embedded AWS runs."""
    Profile(tmp_path / ".groundwork/aws").write("http://127.0.0.1:4566")
    folder = tmp_path / "cdktf.out/stacks" / STACK
    shutil.copytree(synthesised / "stacks" / STACK, folder)
    (folder / ".terraform.lock.hcl").unlink(missing_ok=True)
    return folder


def hostile(outside: Outside, **more: str) -> dict[str, str]:
    """A shell with real-looking keys and a proxy, in which configured endpoints are ignored."""
    return {
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_ACCESS_KEY_ID": "AKIA" + "REALLOOKING12345",
        "AWS_SECRET_ACCESS_KEY": "real" + "looking",
        "HTTPS_PROXY": outside.url,
        "HTTP_PROXY": outside.url,
        **more,
    }


def change(stack: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    file = stack / "cdk.tf.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    edit(document)
    file.write_text(json.dumps(document), encoding="utf-8")


def without_backend(document: dict[str, Any]) -> None:
    """Keep the state in a file, so that the provider is reached without `init`."""
    del document["terraform"]["backend"]


def without_our_proxy(document: dict[str, Any]) -> None:
    for block in (document["terraform"]["backend"]["s3"], document["provider"]["aws"][0]):
        for name in ("http_proxy", "https_proxy", "no_proxy"):
            del block[name]


OTHERS: dict[str, dict[str, str]] = {
    "endpoints ignored": {},
    "and no proxy for anybody": {"NO_PROXY": "*", "no_proxy": "*"},
    "endpoint elsewhere, over TLS": {
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "",
        "AWS_ENDPOINT_URL": "https://sts.amazonaws.com",
    },
    "endpoint elsewhere, in the clear": {
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "",
        "AWS_ENDPOINT_URL": "http://sts.amazonaws.com",
    },
}


@pytest.mark.parametrize("more", OTHERS.values(), ids=OTHERS)
def test_the_backend_connects_only_to_this_machine(
    program: Terraform, stack: Path, outside: Outside, more: dict[str, str]
) -> None:
    done = program.run(stack, "init", "-no-color", "-input=false", environ=hostile(outside, **more))
    assert done.code == 1
    assert REFUSED in done.output, done.end
    assert outside.requests == []


@pytest.mark.parametrize("more", OTHERS.values(), ids=OTHERS)
def test_the_provider_connects_only_to_this_machine(
    program: Terraform, stack: Path, outside: Outside, more: dict[str, str]
) -> None:
    change(stack, without_backend)
    done = program.run(stack, "plan", "-no-color", "-input=false", environ=hostile(outside, **more))
    assert done.code == 1
    assert REFUSED in done.output, done.end
    assert outside.requests == []


def test_without_our_proxy_settings_both_would_connect_to_aws(
    program: Terraform, stack: Path, outside: Outside
) -> None:
    """Shows that the tests above would notice: the same runs without the three settings."""
    change(stack, without_our_proxy)
    program.run(stack, "init", "-no-color", "-input=false", environ=hostile(outside))
    assert set(outside.requests) == {"CONNECT sts.eu-west-2.amazonaws.com:443 HTTP/1.1"}
    outside.requests.clear()
    change(stack, without_backend)
    program.run(stack, "plan", "-no-color", "-input=false", environ=hostile(outside))
    assert set(outside.requests) == {"CONNECT sts.eu-west-2.amazonaws.com:443 HTTP/1.1"}
