"""`gw destroy` states what would be destroyed before it begins."""

from __future__ import annotations

import pytest

from groundwork.cli.confirm import confirm
from groundwork.cli.destroy import describe
from groundwork.errors import UsageError

BACKENDS = {"dev-state-backend": "dev", "prod-state-backend": "prod"}


def test_destroying_the_state_backend_warns_that_all_state_history_goes() -> None:
    what = describe({"dev-state-backend": 12, "dev-network": 70}, BACKENDS)
    assert what == (
        "destroy 82 resources of 2 stacks and delete the history of dev: every version of every state, for good"
    )
    with pytest.raises(UsageError, match=r"this would destroy .* every version of every state, for good"):
        confirm(what, confirmed=False)


def test_without_the_state_backend_there_is_no_warning_about_history() -> None:
    assert describe({"dev-network": 1}, BACKENDS) == "destroy 1 resource of 1 stack"


def test_every_environment_that_loses_its_history_is_named() -> None:
    assert "the history of dev and prod:" in describe({"dev-state-backend": 1, "prod-state-backend": 1}, BACKENDS)
