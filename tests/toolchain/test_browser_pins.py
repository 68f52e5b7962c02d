"""The browser of the tests: exact versions, from the registry that npm is configured for."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support import browser


def test_versions_are_exact_and_the_lock_names_no_registry(checkout: Path) -> None:
    folder = checkout / "tools/browser"
    pins = json.loads((folder / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pins.values())
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pins} == pins
    assert all(package.get("integrity", "").startswith("sha512-") for path, package in locked.items() if path)
    assert not any("resolved" in package for package in locked.values())


def test_a_named_browser_wins_then_the_pinned_then_the_machines(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(browser, "home", lambda: tmp_path / "home")
    path = tmp_path / "bin"
    path.mkdir()
    assert browser.find({"PATH": str(path)}) is None
    own = path / "chromium"
    own.touch(mode=0o755)
    assert browser.find({"PATH": str(path)}) == browser.Program(own, {})
    pinned = tmp_path / "home/chromium/chromium"
    pinned.parent.mkdir(parents=True)
    pinned.touch()
    program = browser.find({"PATH": str(path)})
    assert program
    assert program.path == pinned
    assert program.environ["LD_LIBRARY_PATH"] == str(pinned.parent / "lib")
    assert browser.find({"GROUNDWORK_CHROMIUM": "/opt/other"}) == browser.Program(Path("/opt/other"), {})
