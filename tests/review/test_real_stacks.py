"""Reviews of this repository's stacks: a changed value shows only where it takes effect."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.review import checkout as synthesis
from groundwork.review import files, make, revisions
from groundwork.review.files import Format
from groundwork.review.model import REDACTED, Review

pytestmark = pytest.mark.slow
CANARY = "canary-Vz8Qw3kTn5xR"


@pytest.fixture(scope="module")
def clone(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with three more commits: moved lines, a changed value, and a secret in a stack."""
    root = tmp_path_factory.mktemp("clone") / "project"
    subprocess.run(["git", "clone", "-q", "--shared", str(checkout), str(root)], check=True)

    def commit(name: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, "commit", "-q", "-a", "-m", name], cwd=root, check=True)
        subprocess.run(["git", "tag", name], cwd=root, check=True)

    subprocess.run(["git", "tag", "base"], cwd=root, check=True)
    for file in (root / "stacks").rglob("*.py"):
        file.write_text(f"# moved\n# by\n# lines\n{file.read_text()}")
    commit("refactored")
    values = root / "environments" / "dev.yaml"
    assert "tag: 6.9.1" in values.read_text()
    values.write_text(values.read_text().replace("tag: 6.9.1", "tag: 6.9.2"))
    commit("value")
    api = root / "stacks" / "api.py"
    text = api.read_text()
    assert "super().__init__(scope, environment, " in text
    line = next(line for line in text.splitlines() if "super().__init__(scope, environment, " in line)
    baked = "        from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter\n"
    baked += f'        SsmParameter(self, "baked", name="/baked", type="SecureString", value="{CANARY}")\n'
    api.write_text(text.replace(f"{line}\n", f"{line}\n{baked}", 1))
    commit("baked")
    return root


@pytest.fixture(scope="module")
def reviewed(clone: Path) -> Callable[[str], tuple[Review, str]]:
    """The review of BASE..HEAD, and the text of all its files."""

    def review(wanted: str) -> tuple[Review, str]:
        pair = revisions.parse(wanted, clone, scratch=clone.parent)
        made = synthesis.synthesise(pair, root=clone, store=clone.parent / "store", environ=os.environ)
        report, base, head = make.make(made[0].folder, made[1].folder, names=(pair[0].commit, pair[1].commit))
        return report, "\n".join(text for kind in Format for text in files.texts(report, base, head, kind).values())

    return review


def test_moved_lines_are_not_a_change(reviewed: Callable[[str], tuple[Review, str]]) -> None:
    report, _ = reviewed("base..refactored")
    assert not report.changed
    assert report.risks == ()


def test_a_changed_value_shows_only_in_its_environment(reviewed: Callable[[str], tuple[Review, str]]) -> None:
    report, _ = reviewed("refactored..value")
    (stack,) = [stack for stack in report.stacks if stack.state != "untouched"]
    (change,) = stack.resources
    assert (stack.stack, stack.environment, change.type) == ("dev-workloads", "dev", "helm_release")
    assert [(entry.path, entry.before, entry.after) for entry in change.attributes] == [
        ("values[0].image.tag", '"6.9.1"', '"6.9.2"')
    ]
    assert any(line.file == "stacks/workloads.py" for line in change.origin)


def test_a_secret_in_a_stack_is_in_no_file_of_a_review(reviewed: Callable[[str], tuple[Review, str]]) -> None:
    report, written = reviewed("value..baked")
    assert {resource.address.partition(".")[0] for stack in report.stacks for resource in stack.resources} == {
        "aws_ssm_parameter"
    }
    assert CANARY not in written
    assert REDACTED in written
