"""All groups side by side, once per test session: the provider mostly waits between its own polls."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from tests.localcloud.services.contract import GROUPS, Group, Record, run
from tests.support import terraform

AT_ONCE = 5  # about 0.7 GB each, and half a core while it does not wait
PATIENCE = 870  # seconds; a quiet machine with two cores takes a third of it for all groups


class Runs:
    """The records of all groups, whichever worker made them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def record(self, group: str) -> Record:
        """The record of a group as soon as there is one; fails when its run broke."""
        path, broken = self._folder / f"{group}.json", self._folder / f"{group}.broken"
        end = time.monotonic() + PATIENCE
        while not path.exists():
            if broken.exists():
                pytest.fail(f"{group}: {broken.read_text()}")
            if time.monotonic() > end:
                pytest.fail(f"{group}: no result after {PATIENCE} s")
            time.sleep(0.2)
        return Record(**json.loads(path.read_text()))


@pytest.fixture(scope="session")
def runs(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Runs]:
    """The first worker that comes here runs the groups of all selected tests in the background, the others read."""
    base = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = base / "contract"
    try:
        folder.mkdir()
    except FileExistsError:
        yield Runs(folder)
        return
    found = terraform.find_or_skip(checkout, folder)
    parameters = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = {each.params["group"] for each in parameters if each and "group" in each.params}
    cloud = LocalCloud(folder / "cloud", Path(sys.executable))
    endpoint = cloud.up(port=0).endpoint
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name in GROUPS:
            if name in wanted:
                pool.submit(_record, Group(name, folder / name, endpoint, found), folder)
        yield Runs(folder)
    cloud.down()


def _record(group: Group, folder: Path) -> None:
    try:
        run(group).write(folder / f"{group.name}.json")
    except Exception:
        # In a thread nobody else would see it.
        (folder / f"{group.name}.broken").write_text(traceback.format_exc())
