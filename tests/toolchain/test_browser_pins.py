"""The browser of the tests: pinned to the letter, from whatever registry npm is set to."""

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
    assert all(one.get("integrity", "").startswith("sha512-") for path, one in locked.items() if path)
    assert not any("resolved" in one for one in locked.values())


def test_a_browser_that_is_named_wins_then_the_pinned_one_then_the_machine_s(tmp_path: Path, monkeypatch) -> None:
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
    found = browser.find({"PATH": str(path)})
    assert found
    assert found.path == pinned
    assert found.environ["LD_LIBRARY_PATH"] == str(pinned.parent / "lib")
    assert browser.find({"GROUNDWORK_CHROMIUM": "/opt/other"}) == browser.Program(Path("/opt/other"), {})
