"""services/requirements.txt pins what the services ask for, and names no package index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

SERVICES = Path(__file__).parents[2] / "services"
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def test_every_package_of_the_services_is_pinned_within_its_bounds() -> None:
    pinned = dict(PINNED.findall((SERVICES / "requirements.txt").read_text()))
    projects = [tomllib.loads(file.read_text()) for file in SERVICES.glob("**/pyproject.toml")]
    members = {project["project"]["name"] for project in projects}
    asked_for = [
        Requirement(text)
        for project in projects
        for text in (*project["project"]["dependencies"], *project.get("dependency-groups", {}).get("dev", ()))
    ]
    outside = [entry for entry in asked_for if entry.name not in members]
    assert len(outside) > 15
    assert not [str(entry) for entry in outside if not entry.specifier.contains(pinned.get(entry.name, "0"))]


def test_the_lock_has_hashes_and_no_address() -> None:
    text = (SERVICES / "requirements.txt").read_text()
    assert "://" not in text
    assert len(re.findall(r"^    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) > len(PINNED.findall(text))
