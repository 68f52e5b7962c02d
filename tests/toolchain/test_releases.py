"""Release archives: each pin is the version of the module, and without its host the module is built."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import httpx
import pytest

from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools, releases

ROOT = Project(Path(__file__).parents[2])
PINS = {name for name in json.loads((ROOT.tools / "releases.json").read_text()) if name != "about"}
ACTIONLINT = go_tools.TOOLS["actionlint"]
ADDRESS = "https://releases.example/actionlint.tar.gz"


def archive() -> bytes:
    content, made = b"#!/bin/sh\necho 1.7.9\n", io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        member = tarfile.TarInfo("actionlint")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return made.getvalue()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout that pins the archive above; a build writes another program."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(releases, "terraform_platform", lambda: releases.PLATFORM)
    made = Project(tmp_path / "checkout")
    home = made.tools / "actionlint"
    home.mkdir(parents=True)
    (home / "go.mod").write_text("go 1.21\n\nrequire github.com/rhysd/actionlint v1.7.9\n")
    (home / "go.sum").touch()
    pin = {"version": "1.7.9", "url": ADDRESS, "sha256": hashlib.sha256(archive()).hexdigest()}
    (made.tools / "releases.json").write_text(json.dumps({"actionlint": pin}))

    def build(_tool: go_tools.GoTool, path: Path, *_: object) -> None:
        path.parent.mkdir(parents=True)
        path.write_text("built")

    monkeypatch.setattr(go_tools, "_build", build)
    return made


def serve(monkeypatch: pytest.MonkeyPatch, body: bytes | None) -> list[str]:
    """Let the host answer with `body`, or not at all; returns the addresses that were asked for."""
    addresses: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        addresses.append(str(request.url))
        if body is None:
            raise httpx.ConnectError("no route to the host")
        return httpx.Response(200, content=body)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    monkeypatch.setattr(httpx, "stream", client.stream)
    return addresses


@pytest.mark.parametrize("name", sorted(PINS))
def test_a_pinned_release_has_the_version_of_its_module(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "terraform_platform", lambda: releases.PLATFORM)
    version = go_tools.pinned_version(go_tools.TOOLS[name], ROOT)
    release = releases.pinned(name, version, ROOT)
    assert release
    assert f"/v{version}/" in release.url
    assert len(bytes.fromhex(release.sha256)) == 32


def test_tflint_and_actionlint_are_pinned() -> None:
    assert {"actionlint", "tflint"} <= PINS


def test_a_release_is_downloaded_once_and_nothing_is_built(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = serve(monkeypatch, archive())
    first = go_tools.ensure("actionlint", {}, project)
    assert "1.7.9" in first.path.read_text()
    assert first.path.stat().st_mode & 0o111
    assert (go_tools.links(project) / "actionlint").resolve() == first.path.resolve()
    assert first.origin == "downloaded, pinned in tools/releases.json"
    assert go_tools.ensure("actionlint", {}, project) == first
    assert addresses == [ADDRESS]


@pytest.mark.parametrize(("body", "why"), [(None, "no route to the host"), (b"something else", "is committed")])
def test_without_the_pinned_archive_the_module_is_built(
    project: Project, monkeypatch: pytest.MonkeyPatch, body: bytes | None, why: str
) -> None:
    serve(monkeypatch, body)
    lines: list[str] = []
    assert go_tools.ensure("actionlint", {}, project, on_progress=lines.append).path.read_text() == "built"
    assert any(line.startswith("not downloaded, so it is built") and why in line for line in lines)


def test_a_module_newer_than_its_pin_is_built(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = serve(monkeypatch, archive())
    (project.tools / "actionlint/go.mod").write_text("require github.com/rhysd/actionlint v1.8.0\n")
    assert go_tools.ensure("actionlint", {}, project).path.read_text() == "built"
    assert addresses == []


def test_no_release_is_taken_on_a_platform_without_a_pin(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "terraform_platform", lambda: "linux_arm64")
    assert releases.pinned("actionlint", "1.7.9", project) is None


def test_another_sum_leaves_nothing_behind(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, b"something else")
    release = releases.pinned("actionlint", "1.7.9", project)
    assert release
    with pytest.raises(ToolMissing, match="is committed"):
        release.download(project, print)
    assert list(release.place(project).parent.iterdir()) == []
