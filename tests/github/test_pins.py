"""`gw github check --pins` compares commits and version comments of actions with GitHub's tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from groundwork.github import pins
from groundwork.github.api import GitHub
from groundwork.github.pins import Pin

COMMIT, OTHER, TAG = "a" * 40, "b" * 40, "c" * 40
# The tag's object in GitHub's answer to GET git/ref/tags/TAG, REST API "Git references".
LIGHT = {"object": {"type": "commit", "sha": COMMIT}}
ANNOTATED = {"object": {"type": "tag", "sha": TAG}}


def github(answers: Mapping[str, object]) -> GitHub:
    def answer(request: httpx.Request) -> httpx.Response:
        known = answers.get(request.url.path)
        return httpx.Response(200, json=known) if known else httpx.Response(404, json={"message": "Not Found"})

    return GitHub("acme/groundwork", "token", transport=httpx.MockTransport(answer))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / ".github" / "workflows" / "deploy.yml"
    path.parent.mkdir(parents=True)
    path.write_text(f"steps:\n  - uses: actions/checkout@{COMMIT} # v6.0.2\n")
    return tmp_path / ".github"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"ref/tags/v6.0.2": LIGHT}, None),
        ({"ref/tags/v6.0.2": ANNOTATED, f"tags/{TAG}": LIGHT}, None),
        ({"ref/tags/v6.0.2": {"object": {"type": "commit", "sha": OTHER}}}, f"v6.0.2 is {OTHER}, not {COMMIT}"),
        ({}, "has no tag v6.0.2"),
    ],
)
def test_a_pin_is_the_commit_of_its_versions_tag(folder: Path, answers: dict[str, object], sentence: str) -> None:
    api = github({f"/repos/actions/checkout/git/{path}": answer for path, answer in answers.items()})
    reported = list(pins.wrong(pins.read(folder), api))
    expected = [f".github/workflows/deploy.yml:2: actions/checkout {sentence}"] if sentence else []
    assert reported == expected


def test_every_action_of_the_workflows_is_read_and_has_a_single_pin(checkout: Path) -> None:
    used = {
        name
        for path in (checkout / ".github").rglob("*.yml")
        for name in re.findall(r"uses: ([\w-]+/[\w-]+)[\w/-]*@[0-9a-f]{40}", path.read_text())
    }
    read = pins.read(checkout / ".github")
    assert sorted(pin.repository for pin in read) == sorted(used), "different versions of an action, or none read"


def test_provenance_is_attested_by_the_commit_of_its_version(checkout: Path) -> None:
    """From the release v4.1.0 of actions/attest-build-provenance; the commit that was pinned before does not exist."""
    commit = "a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32"
    assert Pin("actions/attest-build-provenance", "v4.1.0", commit) in pins.read(checkout / ".github")
