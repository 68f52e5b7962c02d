"""Every refusal has a test that provokes it and a section in the runbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.refusals import Code

RUNBOOK = Path("docs") / "runbooks" / "refusals.md"
PARTS = ("**Means**", "**Comes about**", "**Do**", "**Do not**")


def functions(folder: Path) -> Iterator[str]:
    """Names of all tests of refusals."""
    for path in folder.rglob("test_*.py"):
        yield from re.findall(r"(?m)^def (test_refuses_\w+)", path.read_text(encoding="utf-8"))


def sections(checkout: Path) -> dict[str, str]:
    parts = re.split(r"(?m)^## ", (checkout / RUNBOOK).read_text(encoding="utf-8"))[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}


@pytest.fixture(scope="module")
def tests(checkout: Path) -> set[str]:
    return set(functions(checkout / "tests"))


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_has_a_test_of_its_name(code: Code, tests: set[str]) -> None:
    name = f"test_refuses_{code.replace('-', '_')}"
    assert any(test == name or test.startswith(f"{name}_") for test in tests), f"no test is called {name}"


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_has_a_section_in_the_runbook(code: Code, checkout: Path) -> None:
    text = sections(checkout)[code]
    missing = [part for part in PARTS if part not in text]
    assert not missing, f"{code}: {missing}"


def test_the_runbook_has_no_other_sections(checkout: Path) -> None:
    assert set(sections(checkout)) == set(Code)
