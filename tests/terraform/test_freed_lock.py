"""A lock that is freed while Terraform asks whose it is: Terraform fails at once, although it should wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundwork.errors import StateLocked, TerraformFailed
from groundwork.terraform.terraform import Terraform

FREED = {
    "S3": "api error PreconditionFailed: At least one of the pre-conditions did not hold\n"
    "api error NoSuchKey: The specified key does not exist.",
    "DynamoDB": "ConditionalCheckFailedException: The conditional request failed\nno info found for the lock",
}
HELD = "api error PreconditionFailed: no\nLock Info:\n  ID:        7f\n  Path:      state/a.tfstate"
DENIED = "api error AccessDenied: not authorized to perform: s3:PutObject"


def terraform(folder: Path, says: str, *, times: int) -> Terraform:
    """A program that fails so often to get the lock, with what Terraform prints, and counts its starts."""
    program = folder / "terraform"
    program.write_text(
        f"#!/bin/sh\necho start >>{folder}/starts\n"
        f'test "$(wc -l <{folder}/starts)" -gt {times} && exit 0\n'
        f"printf '%s\\n' 'Error: Error acquiring the state lock' '{says}'\nexit 1\n"
    )
    program.chmod(0o755)
    return Terraform(folder, "dev-web", program, {"PATH": "/usr/bin:/bin"}, lock_seconds=60)


def starts(folder: Path) -> int:
    return len((folder / "starts").read_text().splitlines())


@pytest.mark.parametrize("service", FREED)
def test_terraform_starts_again_where_the_lock_was_just_freed(tmp_path: Path, service: str) -> None:
    terraform(tmp_path, FREED[service], times=1).apply(tmp_path / "plan")
    assert starts(tmp_path) == 2


def test_terraform_is_started_three_times_at_most(tmp_path: Path) -> None:
    with pytest.raises(TerraformFailed, match="Error acquiring the state lock"):
        terraform(tmp_path, FREED["S3"], times=9).apply(tmp_path / "plan")
    assert starts(tmp_path) == 3


@pytest.mark.parametrize(("says", "error"), [(HELD, StateLocked), (DENIED, TerraformFailed)])
def test_a_held_lock_and_a_missing_right_end_the_apply_at_once(
    tmp_path: Path, says: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        terraform(tmp_path, says, times=1).apply(tmp_path / "plan")
    assert starts(tmp_path) == 1
