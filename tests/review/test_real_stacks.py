"""Reviews of this repository's stacks: a changed value shows only where it takes effect."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.review import checkout as synthesis
from groundwork.review import files, make, revisions
from groundwork.review.charts import Charts
from groundwork.review.files import Format
from groundwork.review.model import REDACTED, Review
from tests.review.charted import helm

pytestmark = pytest.mark.slow
CANARY = "canary-Vz8Qw3kTn5xR"


@pytest.fixture(scope="module")
def clone(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with five more commits: moved lines, a changed value, a secret in a stack, a chart, a function."""
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
    replace(root / "environments" / "dev.yaml", "tag: 6.9.1", "tag: 6.9.2")
    commit("value")
    api = root / "stacks" / "api.py"
    text = api.read_text()
    assert "super().__init__(scope, environment, " in text
    line = next(line for line in text.splitlines() if "super().__init__(scope, environment, " in line)
    baked = "        from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter\n"
    baked += f'        SsmParameter(self, "baked", name="/baked", type="SecureString", value="{CANARY}")\n'
    api.write_text(text.replace(f"{line}\n", f"{line}\n{baked}", 1))
    commit("baked")
    replace(root / "charts/service/templates/deployment.yaml", "privileged: false", "privileged: true")
    commit("chart")
    handler = root / "lambda_src" / "populate" / "handler.py"
    handler.write_text(f"{handler.read_text()}\nEXTRA = 1\n")
    commit("function")
    return root


def replace(file: Path, text: str, other: str) -> None:
    assert text in file.read_text()
    file.write_text(file.read_text().replace(text, other))


@pytest.fixture(scope="module")
def reviewed(clone: Path) -> Callable[[str], tuple[Review, str]]:
    """The review of BASE..HEAD, and the text of all its files."""

    def review(wanted: str) -> tuple[Review, str]:
        pair = revisions.parse(wanted, clone, scratch=clone.parent)
        made = synthesis.synthesise(pair, root=clone, store=clone.parent / "store", environ=os.environ)
        names = pair[0].commit, pair[1].commit
        report, base, head = make.make(made[0].folder, made[1].folder, names=names, charts=Charts(helm))
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
    assert [(entry.path, entry.before, entry.after) for entry in change.attributes if "image" in entry.path] == [
        ("values[0].image.tag", '"6.9.1"', '"6.9.2"'),
        (
            "Deployment hello/hello.spec.template.spec.containers[0].image",
            '"ghcr.io/stefanprodan/podinfo:6.9.1"',
            '"ghcr.io/stefanprodan/podinfo:6.9.2"',
        ),
    ]
    assert report.not_judged == ()
    assert any(line.file == "stacks/workloads.py" for line in change.origin)


def test_a_secret_in_a_stack_is_in_no_file_of_a_review(reviewed: Callable[[str], tuple[Review, str]]) -> None:
    report, written = reviewed("value..baked")
    assert {resource.address.partition(".")[0] for stack in report.stacks for resource in stack.resources} == {
        "aws_ssm_parameter"
    }
    assert CANARY not in written
    assert REDACTED in written


def test_a_weakened_chart_is_a_finding_in_every_environment(reviewed: Callable[[str], tuple[Review, str]]) -> None:
    report, _ = reviewed("baked..chart")
    places = {risk.stack for risk in report.risks if "Deployment hello/hello is privileged" in risk.sentence}
    assert places == {f"{environment}-workloads" for environment in ("local", "dev", "staging", "prod")}
    assert {risk.severity for risk in report.risks} == {"high"}
    assert report.not_judged == ()


def test_a_changed_function_is_shown_line_by_line(reviewed: Callable[[str], tuple[Review, str]]) -> None:
    report, written = reviewed("chart..function")
    assert "+   EXTRA = 1\n" in written
    paths = {
        attribute.path for stack in report.stacks for resource in stack.resources for attribute in resource.attributes
    }
    assert {path for path in paths if ": " in path} == {"filename: populate/handler.py"}
