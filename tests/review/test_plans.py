from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import UsageError
from groundwork.review import plans
from groundwork.review.model import PlanResult
from groundwork.review.redaction import Redactor


def read(tmp_path: Path, content: Any) -> dict[str, PlanResult]:
    file = tmp_path / "plans.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return plans.read(file, Redactor())


def test_what_gw_diff_prints_is_read(tmp_path: Path) -> None:
    counts = {"add": 1, "change": 2, "destroy": 3}
    entry = {"stack": "dev-api", "status": "replace", "counts": counts, "why": "", "text": "Plan: …", "wave": 2}
    (found,) = read(tmp_path, [entry]).values()
    assert (found.status, found.add, found.change, found.destroy, found.wave) == ("replace", 1, 2, 3, 2)
    assert found.text == "Plan: …"


def test_a_stack_that_was_not_planned_has_no_counts(tmp_path: Path) -> None:
    (found,) = read(tmp_path, [{"stack": "a", "status": "blocked", "counts": None, "why": "waits for b"}]).values()
    assert (found.status, found.add, found.why) == ("blocked", 0, "waits for b")


def test_an_object_of_stacks_and_keys_that_are_not_known_are_read_too(tmp_path: Path) -> None:
    found = read(tmp_path, {"exit": 20, "stacks": {"a": {"status": "change", "add": 1}, "b": {"status": "no change"}}})
    assert {name: one.status for name, one in found.items()} == {"a": "change", "b": "no change"}


def test_an_index_of_bundles_says_outcome_wave_and_what_waits(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "format": 1,
            "bundles": [{"stack": "a", "outcome": "change", "wave": 0, "digest": "x"}],
            "waiting": [{"stack": "b", "upstream": ["a"], "outputs": ["id"]}],
        },
    )
    assert (found["a"].status, found["b"].status, found["b"].why) == ("change", "waiting", "waits for a")


@pytest.mark.parametrize("content", ["{", '{"other": 1}', '"x"', '{"stacks": 1}', '[{"name": "a"}]'])
def test_what_names_no_stack_is_wrong_usage(content: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"plans\.json"):
        read(tmp_path, content)


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        plans.read(tmp_path / "none.json", Redactor())


def test_no_stack_at_all_is_an_answer(tmp_path: Path) -> None:
    assert read(tmp_path, []) == {}
