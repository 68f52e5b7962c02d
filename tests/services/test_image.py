"""An image of a service, built as services/Dockerfile says, on a base made of Debian's packages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from stacks.images import debian_base
from stacks.images.builder import Builder, image_of
from tests.services.conftest import Enter
from tests.support.processes import free_port, wait_for_answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("image")]


@pytest.fixture(scope="module")
def image(builder: Builder, checkout: Path) -> str:
    """The ledger's."""
    services = checkout / "services"
    image = image_of("ledger", services, debian_base.NAME)
    builder.build(image, services, base=debian_base.NAME, environ=os.environ)
    return image.name


@pytest.fixture
def container(builder: Builder, image: str) -> str:
    return builder.run("from", image)


@pytest.mark.row("0.5", "2.2", "2.3", "3.6")
def test_an_image_holds_the_service_and_no_configuration(builder: Builder, image: str) -> None:
    config: dict[str, Any] = json.loads(builder.run("inspect", "--type", "image", image))["OCIv1"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] + config["Cmd"] == ["python3", "-m", "servicekit", "serve"]
    variables = {variable.partition("=")[0] for variable in config["Env"]}
    assert variables == {"PATH", "SERVICE", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def test_of_the_workspace_only_the_service_and_the_kit_are_inside(builder: Builder, container: str) -> None:
    inside = builder.run("run", "--isolation", "chroot", container, "--", "ls", "/app").split()
    assert {"ledger", "servicekit", "psycopg"} <= set(inside)
    assert not {"market", "users", "transactions", "pytest", "mypy", "pgserver", "hypothesis"} & set(inside)
    hidden = builder.run("run", "--isolation", "chroot", container, "--", "sh", "-c", "ls /etc/pip.conf || true")
    assert "pip.conf" not in hidden


def test_a_container_serves_as_nobody_in_particular(builder: Builder, container: str, enter: Enter) -> None:
    root = Path(builder.run("mount", container))
    port = free_port()
    inner = enter(root, ["python3", "-m", "servicekit", "serve"])
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "/app",
        "SERVICE": "ledger",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LEDGER_AUTH_TOKEN": "t",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    process = subprocess.Popen(inner, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for_answer(f"http://127.0.0.1:{port}/livez", process)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 503
        owner = Path(f"/proc/{process.pid}/status").read_text()
        assert "Uid:\t10001\t10001\t10001\t10001" in owner
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        builder.run("umount", container)
