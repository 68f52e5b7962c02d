"""`gw dev` starts a service of services/ in place of itself."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.processes import free_port, wait_for_answer


def gw(checkout: Path, *words: str) -> subprocess.Popen[str]:
    command = [str(checkout / ".venv/bin/gw"), "dev", *words]
    return subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.row("1.20")
def test_a_service_is_served_until_ctrl_c(checkout: Path) -> None:
    if not (checkout / "services/.venv/bin/python").exists():
        pytest.skip("the services' packages are not installed; `tools/setup.sh services` does that")
    port = free_port()
    running = gw(checkout, "users", "--port", str(port))
    try:
        wait_for_answer(f"http://127.0.0.1:{port}/readyz", running)
        assert httpx.get(f"http://127.0.0.1:{port}/users").status_code == 200
    finally:
        running.send_signal(signal.SIGINT)
        _, printed = running.communicate(timeout=60)
    assert "DATABASE_URL=postgresql://" in printed


def test_an_unknown_service_is_answered_with_the_known_ones(checkout: Path) -> None:
    refused = gw(checkout, "ledgr")
    _, printed = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert "name one of ledger, market, transactions, users" in " ".join(printed.split())


def test_missing_packages_are_named_with_what_installs_them(checkout: Path, tmp_path: Path) -> None:
    for name in (
        "main.py",
        "cdktf.json",
        "stacks",
        "groundwork",
        "demo",
        "localcloud",
        "environments",
        "pyproject.toml",
    ):
        (tmp_path / name).symlink_to(checkout / name)
    (tmp_path / "services/ledger/src/ledger").mkdir(parents=True)
    (tmp_path / "services/ledger/src/ledger/main.py").touch()
    command = [str(checkout / ".venv/bin/gw"), "dev", "ledger"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "tools/setup.sh services" in done.stderr
