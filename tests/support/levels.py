"""Which tests are unit tests: they start no program, open no connection and synthesise nothing.

`pytest -m unit` imports these files alone. A unit test that starts a program or connects to something fails.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

TESTS = Path(__file__).parents[1]

LONGEST = (
    "node/test_services_command.py",
    "demo/test_end_to_end.py",
    "stacks/test_as_the_pipeline.py",
    "workflows/test_deploy.py",
    "localcloud/services/test_contract.py",
    "stacks/test_cluster_choices_applied.py",
    "state/test_replicated_state.py",
    "state/test_bootstrap.py",
    "state/test_bootstrap_delivery.py",
)
"""Files whose tests take minutes, longest first: a worker that began with one at the end would let the others wait."""

UNIT = (
    "test_bounded_yaml.py",
    "test_credential_forms.py",
    "apply/test_order.py",
    "bench/test_diff_of_everything.py",
    "cli/test_destroy.py",
    "cli/test_review_on_the_terminal.py",
    "demo/test_summary.py",
    "docs/test_documented_commands.py",
    "gate/test_checks.py",
    "gate/test_every_code.py",
    "github/test_sarif_and_annotations.py",
    "localcloud/core/test_iam_table.py",
    "localcloud/kubernetes/test_pod_images.py",
    "plan/test_archive.py",
    "plan/test_drifted.py",
    "plan/test_fingerprint.py",
    "plan/test_plan_attributes.py",
    "plan/test_plan_markdown.py",
    "plan/test_planned_outputs.py",
    "preflight/test_expressions.py",
    "recover/test_tags.py",
    "review/test_access.py",
    "review/test_author_lines.py",
    "review/test_compare.py",
    "review/test_instances.py",
    "review/test_lambda_packages.py",
    "review/test_risks.py",
    "review/test_plans.py",
    "review/test_redaction.py",
    "review/test_renames.py",
    "review/test_rules.py",
    "stacks/values/test_image_cache.py",
    "state/test_bootstrap_elsewhere.py",
    "store/test_plan_store.py",
    "store/test_transfer.py",
    "synthesis/test_data_holders.py",
    "synthesis/test_manifest.py",
    "toolchain/test_browser_pins.py",
    "toolchain/test_providers.py",
    "toolchain/test_services_lock.py",
    "toolchain/test_side_by_side.py",
)
"""Globs of files below tests/. Their tests marked `slow` or `terraform` are not unit tests."""


@cache
def is_unit(path: Path) -> bool:
    """Whether a file of tests holds unit tests."""
    return any(fnmatchcase(_relative(path), pattern) for pattern in UNIT)


def holds_unit_tests(folder: Path) -> bool:
    """Whether unit tests lie somewhere below a folder of tests/."""
    name = _relative(folder)
    return name == "." or any(pattern.startswith(f"{name}/") for pattern in UNIT)


class NotAUnitTest(AssertionError):
    """A unit test starts a program or connects to something."""


@contextmanager
def guard() -> Iterator[None]:
    """Raises NotAUnitTest where the code inside starts a program or opens a connection."""

    def refuse(*arguments: Any, **_: Any) -> None:
        raise NotAUnitTest(f"a unit test starts or connects to {arguments[1:2]}; see tests/support/levels.py")

    with ExitStack() as stack:
        for owner, name in (
            (subprocess.Popen, "__init__"),
            (socket.socket, "connect"),
            (os, "fork"),
            (os, "posix_spawn"),
        ):
            stack.enter_context(mock.patch.object(owner, name, refuse))
        yield


def _relative(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""
