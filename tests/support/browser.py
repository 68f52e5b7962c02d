"""A real Chromium for tests of pages: the one that set-up unpacked, or the machine's own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from groundwork.paths import Project

ROOT = Path(__file__).parents[2]
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Root cannot use the sandbox; and only the page may use the network."""


@dataclass(frozen=True)
class Program:
    """An executable, and what it needs in its environment."""

    path: Path
    environ: Mapping[str, str]


def home() -> Path:
    """Where `tools/setup.sh test` unpacks the pinned browser: in the user's cache, under its version."""
    pins = json.loads((ROOT / "tools/browser/package.json").read_text())["dependencies"]
    return Project(ROOT).cache / "browser" / "-".join(pins.values())


def find(environ: Mapping[str, str]) -> Program | None:
    """The browser that GROUNDWORK_CHROMIUM names, else the pinned browser, else Chromium or Chrome on PATH."""
    if named := environ.get("GROUNDWORK_CHROMIUM"):
        return Program(Path(named), {})
    pinned = home() / "chromium"
    if (pinned / "chromium").is_file():
        # It comes with the libraries and the font that a bare machine lacks.
        libraries = f"{pinned / 'lib'}:{environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
        return Program(
            pinned / "chromium", {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(pinned / "fonts.conf")}
        )
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name, path=environ.get("PATH")):
            return Program(Path(path), {})
    return None


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with an empty profile; skips the test when no browser is installed."""
    program = find(os.environ)
    if program is None:
        pytest.skip(
            "no Chromium: `tools/setup.sh test` fetches one; or put chromium on PATH or into GROUNDWORK_CHROMIUM"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program.path, args=list(SWITCHES), env={**os.environ, **program.environ}
        )
        yield browser
        browser.close()


def axe() -> str:
    """The script that checks a page for accessibility; skips the test when it was not fetched."""
    script = home() / "node_modules/axe-core/axe.min.js"
    if not script.is_file():
        pytest.skip("no axe-core: `tools/setup.sh test` fetches it")
    return script.read_text()
