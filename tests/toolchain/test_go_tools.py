"""Go programs: the one on PATH where it is new enough, else built once from a committed module."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.errors import ToolMissing, UsageError
from groundwork.paths import Project
from groundwork.toolchain import go, go_tools

ROOT = Project(Path(__file__).parents[2])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout whose actionlint is a small program without dependencies."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # `make` puts a built actionlint on PATH; this test builds its own.
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "actionlint").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    made = Project(tmp_path / "checkout")
    home = made.tools / "actionlint"
    (home / "cmd" / "actionlint").mkdir(parents=True)
    (home / "go.mod").write_text(
        "module github.com/rhysd/actionlint\n\ngo 1.21\n\n// github.com/rhysd/actionlint v1.7.9\n"
    )
    (home / "go.sum").write_text("")
    (home / "cmd/actionlint/main.go").write_text('package main\n\nfunc main() { println("1.7.9") }\n')
    (made.tools / "go-requirements.txt").write_text("")
    return made


def program(folder: Path, says: str, name: str = "actionlint") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def test_a_tool_on_path_that_is_new_enough_is_used(tmp_path: Path) -> None:
    path = program(tmp_path / "bin", "v1.7.3")
    located = go_tools.find("actionlint", {"PATH": str(path.parent)}, ROOT)
    assert located == go_tools.Located("actionlint", path, "1.7.3", "PATH")


@pytest.mark.parametrize(("name", "says"), [("actionlint", "1.6.27"), ("helm", "v4.0.1"), ("helm", "v3.9.0")])
def test_a_tool_on_path_that_is_out_of_range_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    path = program(tmp_path / "bin", says, name)
    assert go_tools.find(name, {"PATH": str(path.parent)}, ROOT) is None


def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a tool of this repository"):
        go_tools.find("podman", {}, ROOT)


@pytest.mark.parametrize("tool", go_tools.TOOLS.values(), ids=list(go_tools.TOOLS))
def test_every_tool_is_pinned_with_its_sums(tool: go_tools.GoTool) -> None:
    home = ROOT.tools / tool.folder
    assert re.search(rf"^(tool )?\s*{re.escape(tool.package)}$", (home / "go.mod").read_text(), re.MULTILINE)
    module = go_tools.pinned_version(tool, ROOT)
    assert re.search(rf" v{re.escape(module)} h1:", (home / "go.sum").read_text())
    if tool.files_of:
        assert re.search(rf"^{re.escape(tool.files_of)} v\S+ h1:", (home / "go.sum").read_text(), re.MULTILINE)


needs_go = pytest.mark.skipif(
    not any((Path(folder) / "go").is_file() for folder in os.environ.get("PATH", "").split(os.pathsep)),
    reason="no Go on PATH: install one to see a tool built",
)


@pytest.mark.slow
@needs_go
def test_a_tool_is_built_once_and_linked_into_the_checkout(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_tools, "pinned_version", lambda *_: "1.7.9")
    with_a_file = replace(go_tools.TOOLS["actionlint"], files=("main.go",))
    monkeypatch.setitem(go_tools.TOOLS, "actionlint", with_a_file)
    lines: list[str] = []
    first = go_tools.ensure("actionlint", os.environ, project, on_progress=lines.append)
    assert first.path.is_file()
    assert (go_tools.links(project) / "actionlint").resolve() == first.path.resolve()
    assert first.path.with_name("main.go").is_file()
    assert any("building" in line for line in lines)
    lines.clear()
    assert go_tools.ensure("actionlint", os.environ, project, on_progress=lines.append) == first
    assert lines == []


@pytest.mark.slow
@needs_go
def test_a_failed_build_leaves_nothing_and_shows_the_compilers_message(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_tools, "pinned_version", lambda *_: "1.7.9")
    (project.tools / "actionlint/cmd/actionlint/main.go").write_text("package main\n\nfunc main() { broken }\n")
    left_by_a_kill = project.cache / "tools" / "actionlint" / ".building-old"
    left_by_a_kill.mkdir(parents=True)
    with pytest.raises(ToolMissing, match="undefined: broken"):
        go_tools.ensure("actionlint", os.environ, project)
    assert [path.name for path in left_by_a_kill.parent.iterdir()] == [".lock"]


FAKE_GO = """#!/bin/sh
[ "$1" != version ] || { echo go version go1.99.0 linux/amd64; exit; }
echo built >> "$BUILDS"
sleep 1
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho 1.7.9\\n' > "$2" && chmod +x "$2"
"""
ENSURE = """
import os, sys
from dataclasses import replace
from pathlib import Path
from groundwork.paths import Project
from groundwork.toolchain import go_tools
go_tools.pinned_version = lambda *_: "1.7.9"
print(go_tools.ensure("actionlint", os.environ, Project(Path(sys.argv[1])), on_progress=print).path)
"""


def test_three_set_ups_at_once_build_a_tool_once(project: Project, tmp_path: Path) -> None:
    go_program = tmp_path / "go" / "go"
    go_program.parent.mkdir()
    go_program.write_text(FAKE_GO)
    go_program.chmod(0o755)
    builds = tmp_path / "builds"
    environ = {**os.environ, "PATH": f"{go_program.parent}:{os.environ['PATH']}", "BUILDS": str(builds)}
    command = [sys.executable, "-c", ENSURE, str(project.root)]
    running = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [each.communicate(timeout=60)[0].splitlines() for each in running]
    assert builds.read_text().split() == ["built"]
    assert len({lines[-1] for lines in printed}) == 1
    assert sum("another set-up makes it: waiting for it" in lines for lines in printed) == 2


def test_without_go_on_path_or_from_its_wheel_nothing_is_found(project: Project) -> None:
    assert go.find({"PATH": ""}, project, go.Version("1.26")) is None
