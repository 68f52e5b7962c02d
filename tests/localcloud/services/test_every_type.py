"""No stack uses a resource type that was never applied to the embedded AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
# Types with a test of their own, and its file.
ELSEWHERE = {"s3_bucket_replication_configuration": "tests/state/test_replicated_state.py"}


def used(checkout: Path) -> set[str]:
    """Resource types that stacks import, without data sources and the provider itself."""
    imported = re.compile(r"^from cdktf_cdktf_provider_aws\.(?!data_|provider\b)(\w+) import", re.MULTILINE)
    sources = (path.read_text(encoding="utf-8") for path in (checkout / "stacks").rglob("*.py"))
    return {name for source in sources for name in imported.findall(source)}


def applied(checkout: Path) -> set[str]:
    """Resource types of the fixtures and of the laptop's own stacks."""
    declared = re.compile(r'^resource "aws_(\w+)"', re.MULTILINE)
    texts = [*HERE.glob("fixtures/*/*.tf"), HERE.parent / "core" / "test_terraform.py"]
    types = {name for path in texts for name in declared.findall(path.read_text(encoding="utf-8"))}
    for golden in (checkout / "tests" / "golden").glob("local-*.json"):
        resources = json.loads(golden.read_text(encoding="utf-8")).get("resource", {})
        types |= {kind.removeprefix("aws_") for kind in resources}
    return types


def test_every_type_that_stacks_use_is_applied_somewhere(checkout: Path) -> None:
    missing = used(checkout) - applied(checkout)
    assert missing == set(ELSEWHERE), "a type without a fixture, or an entry of ELSEWHERE that is not needed"
    for test in ELSEWHERE.values():
        assert (checkout / test).is_file()
