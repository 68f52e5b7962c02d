"""Changed files that no rule looks at are named, with what of them can be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from groundwork.review import make, revisions, unjudged
from groundwork.review.model import Review, UnjudgedFile
from groundwork.review.render import summary
from groundwork.review.render.markdown import NO_CHANGE, markdown
from tests.review.repository import Repository
from tests.review.trees import STACK, resources, tree

WORKFLOW = """
on: push
permissions: {}
jobs:
  deploy:
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
"""
LATER = WORKFLOW.replace("contents: read", "id-token: write").replace("de0fac2e4500", "000000000000")
LOCK = json.dumps({"_meta": {}, "default": {"boto3": {"version": "==1.40.0"}, "jinja2": {"version": "==3.1.6"}}})
NEW_LOCK = json.dumps({"_meta": {}, "default": {"boto3": {"version": "==1.41.0"}, "httpx": {"version": "==0.28.1"}}})


def files(tmp_path: Path, before: dict[str, str], after: dict[str, str]) -> dict[str, UnjudgedFile]:
    """Path → what a review of two commits with these files says of it."""
    repository = Repository(tmp_path)
    commits = []
    for contents in (before, after):
        for path in set(before) | set(after):
            (repository.root / path).unlink(missing_ok=True)
        for path, text in contents.items():
            (repository.root / path).parent.mkdir(parents=True, exist_ok=True)
            (repository.root / path).write_text(text)
        commits.append(repository.commit("same"))
    base, head = revisions.parse("..".join(commits), repository.root, scratch=tmp_path)
    return {file.path: file for file in unjudged.find(base, head, repository.root) or ()}


def test_a_workflow_shows_its_pins_and_permissions(tmp_path: Path) -> None:
    path = ".github/workflows/deploy.yml"
    facts = files(tmp_path, {path: WORKFLOW}, {path: LATER})[path].facts
    assert facts == (
        "action actions/checkout: de0fac2e4500 (v6.0.2) → 000000000000 (v6.0.2)",
        'permissions of job deploy: {"contents": "read"} → {"id-token": "write"}',
    )


def test_a_lock_shows_names_and_versions(tmp_path: Path) -> None:
    facts = files(tmp_path, {"Pipfile.lock": LOCK}, {"Pipfile.lock": NEW_LOCK})["Pipfile.lock"].facts
    assert facts == (
        "package boto3: 1.40.0 → 1.41.0",
        "package httpx is new: 0.28.1",
        "package jinja2 is gone, it was 3.1.6",
    )


@pytest.mark.parametrize(
    "path",
    [".github/CODEOWNERS", "Makefile", "groundwork/gate/checks.py", "charts/service/templates/a.yaml", "policies/a.py"],
)
def test_what_decides_over_rights_or_runs_is_named(path: str, tmp_path: Path) -> None:
    (file,) = files(tmp_path, {}, {path: "x"}).values()
    assert file.path == path
    assert file.facts == ("new",)


def test_templates_are_named_unless_their_chart_was_rendered(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    base = repository.commit("same")
    for chart in ("service", "service-mesh"):
        (repository.root / "charts" / chart).mkdir(parents=True)
        (repository.root / "charts" / chart / "Chart.yaml").write_text("x")
    pair = revisions.parse(f"{base}..{repository.commit('same')}", repository.root, scratch=tmp_path)
    named = unjudged.find(*pair, repository.root, rendered={"service"}) or ()
    assert [file.path for file in named] == ["charts/service-mesh/Chart.yaml"]


@pytest.mark.parametrize("path", ["stacks/a.py", "environments/prod.yaml", "docs/x.md", "tests/Makefile"])
def test_what_the_comparison_covers_or_nothing_runs_is_not_named(path: str, tmp_path: Path) -> None:
    assert files(tmp_path, {}, {path: "x"}) == {}


def test_a_file_that_cannot_be_read_is_still_named(tmp_path: Path) -> None:
    broken = files(tmp_path, {}, {".github/workflows/a.yml": "{", "Pipfile.lock": "{"})
    assert broken[".github/workflows/a.yml"].facts == ("new", "permissions of workflow is new: not readable")
    assert broken["Pipfile.lock"].facts == ("new", "package the file is new: not readable")


def test_equal_terraform_with_such_a_file_is_not_simply_no_change(tmp_path: Path) -> None:
    terraform = {STACK: resources(aws_s3_bucket={"x": {"bucket": "a"}})}
    before, after = tree(tmp_path / "base", terraform), tree(tmp_path / "head", terraform)
    equal: Review = make.make(before, after, names=("b" * 40, "a" * 40))[0]
    assert NO_CHANGE in markdown(equal)[0]
    review = equal.model_copy(update={"unjudged": (UnjudgedFile(path="Makefile", decides="the tool itself"),)})
    assert summary.verdict(review).title == "No change in the Terraform; no rule looks at Makefile"
    assert "`Makefile`: the tool itself" in markdown(review)[0]
