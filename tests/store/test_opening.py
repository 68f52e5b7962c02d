"""Opening a plan store that does not exist is an error with the command that makes it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from groundwork.errors import StackBlocked, UsageError
from groundwork.platform import PlanStoreLocation
from groundwork.store import opening

LOCATION = PlanStoreLocation(stack="local-delivery", bucket="plans", deployed_key="k", mac_key="m", roles={})


def workspace(tmp_path: Path, location: PlanStoreLocation | None, target: str = "laptop") -> Any:
    environment = SimpleNamespace(
        target=target, region="eu-west-2", plan_store=location, require_real_accounts=lambda: None
    )
    state = SimpleNamespace(folder=tmp_path, backend={"region": "eu-west-2"}, endpoint=None, session=None)
    return cast("Any", SimpleNamespace(environments={"local": environment}, store=lambda _: state))


@pytest.mark.parametrize("target", ["laptop", "aws"])
def test_without_a_bucket_the_error_names_bootstrap(
    tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_exists", lambda *_: False)
    with pytest.raises(StackBlocked, match="local has no plan store yet") as blocked:
        opening.open_store(workspace(tmp_path, LOCATION, target), "local", role="apply")
    assert blocked.value.fix == "gw bootstrap local"


def test_an_environment_without_a_plan_store_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="local has no plan store"):
        opening.open_store(workspace(tmp_path, None), "local", role="apply")
