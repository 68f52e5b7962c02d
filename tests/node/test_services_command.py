"""`gw services` as a newcomer runs it: all services in pods, the requests of their predecessors' READMEs answered."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stacks.laptop.requests import REQUESTS
from tests.node.laptop import NodeLaptop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]


_LINKED = ("main.py", "cdktf.json", "stacks", "groundwork", "demo", "localcloud", "environments", "pyproject.toml",
           "services", "charts", "tools")  # fmt: skip


def test_all_services_answer_from_pods(laptop: NodeLaptop, checkout: Path, tmp_path: Path) -> None:
    """In a folder with a cluster of its own. The fixture `laptop` says why where no node runs here."""
    del laptop
    for name in _LINKED:
        (tmp_path / name).symlink_to(checkout / name)
    command = [str(checkout / ".venv/bin/gw"), "services", "--debian", "--once"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=850)
    assert done.returncode == 0, done.stderr
    assert sum(" → 20" in line for line in done.stdout.splitlines()) == len(REQUESTS)
    for name in ("ledger", "users", "market", "transactions"):
        assert any(line.startswith("http://127.0.0.1:") and f"  {name}," in line for line in done.stdout.splitlines())
