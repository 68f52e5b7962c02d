"""Every change of Terraform shows in review: the synthesised stacks are kept in tests/golden.

Staging is prod with other values, which a test shows, so its stacks are not kept.
After an intended change: `pytest tests/stacks/test_golden.py --update-golden`, and look at the difference.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks.values import load_all

GOLDEN = Path(__file__).parents[1] / "golden"
# The laptop's function is built for the machine and the Python it runs on.
HOST = [
    (re.compile(rf"python3\.{sys.version_info.minor}\b"), "python3.HOST"),
    (re.compile(r"\b(x86_64|arm64|aarch64)\b"), "HOST_ARCHITECTURE"),
    (re.compile(r"(?<=/)[0-9A-F]{32}(?=/)|(?<=-)[0-9a-f]{12}(?=\.zip)"), "HOST_DIGEST"),
    (re.compile(r'(?<="source_code_hash": ")[^"]+'), "HOST_DIGEST"),
]


def normal(stack: str, text: str) -> str:
    """A synthesised stack without what differs between machines."""
    if stack == "local-api":
        for pattern, word in HOST:
            text = pattern.sub(word, text)
    return json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


def synthesised_stacks(out: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((out / "stacks").glob("*/cdk.tf.json")):
        if path.parent.name.startswith("staging-"):
            continue
        yield path.parent.name, normal(path.parent.name, path.read_text(encoding="utf-8"))


def test_every_stack_synthesises_what_was_reviewed(synthesised: Path, request: pytest.FixtureRequest) -> None:
    stacks = dict(synthesised_stacks(synthesised))
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        for old in GOLDEN.glob("*.json"):
            old.unlink()
        for stack, text in stacks.items():
            (GOLDEN / f"{stack}.json").write_text(text, encoding="utf-8")
    golden = {path.stem: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.json")}
    assert set(stacks) == set(golden)
    changed = [stack for stack, text in stacks.items() if text != golden[stack]]
    assert not changed, f"{changed} differ from tests/golden; run with --update-golden and review the difference"


# Leaves of the Terraform that staging and prod have by values of another kind than a name, an account or a range.
BY_OTHER_VALUES = {
    # workloads.hello: min_replicas, max_replicas
    ("workloads", "resource", "helm_release", "hello_release_C97336A9", "values", 0),
}


def test_staging_is_prod_with_other_values(synthesised: Path, checkout: Path) -> None:
    environments = {environment.name: environment for environment in load_all(checkout / "environments")}
    staging, prod = environments["staging"], environments["prod"]
    translate = {
        staging.name: prod.name,
        staging.accounts.main.id: prod.accounts.main.id,
        staging.accounts.archive.id: prod.accounts.archive.id,
        staging.network.cidr.removesuffix("0.0/16"): prod.network.cidr.removesuffix("0.0/16"),
    }
    different = set()
    folders = sorted((synthesised / "stacks").glob("prod-*"))
    assert folders
    for folder in folders:
        stack = folder.name.removeprefix("prod-")
        text = (synthesised / "stacks" / f"staging-{stack}" / "cdk.tf.json").read_text(encoding="utf-8")
        for ours, theirs in translate.items():
            text = text.replace(ours, theirs)
        translated = dict(leaves(json.loads(text), (stack,)))
        real = dict(leaves(json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8")), (stack,)))
        different |= {path for path in translated.keys() | real.keys() if translated.get(path) != real.get(path)}
    assert different == BY_OTHER_VALUES


def leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value of a JSON document that is neither object nor array, with the keys that lead to it."""
    match value:
        case dict() if value:
            for key, child in value.items():
                yield from leaves(child, (*path, key))
        case list() if value:
            for index, child in enumerate(value):
                yield from leaves(child, (*path, index))
        case _:
            yield path, value


def test_no_synthesised_stack_names_this_machine(synthesised: Path, checkout: Path) -> None:
    for path in (synthesised / "stacks").glob("*/cdk.tf.json"):
        text = path.read_text(encoding="utf-8")
        assert str(checkout) not in text, path.parent.name
        assert str(Path.home()) not in text, path.parent.name


STACKS = ("account", "delivery", "state-backend", "network", "cluster", "workloads", "archive", "archive-roles", "api")


def test_every_committed_environment_has_the_same_stacks(synthesised: Path) -> None:
    """The laptop has no databases of AWS: its services run on real ones beside the embedded AWS."""
    folders = {path.name for path in (synthesised / "stacks").iterdir()}
    same = {f"{name}-{stack}" for name in ("dev", "local", "prod", "staging") for stack in STACKS}
    assert folders == same | {f"{name}-data" for name in ("dev", "prod", "staging")}


def test_differences_between_machines_do_not_count() -> None:
    def api(runtime: str, architecture: str, digest: str) -> str:
        asset = digest.upper()[:8] * 4
        function = {
            "architectures": [architecture],
            "filename": f"assets/package_FBA41BE8/{asset}/populate-{runtime}-{architecture}-{digest}.zip",
            "runtime": runtime,
            "source_code_hash": f"hash of {digest}",
        }
        return json.dumps({"resource": {"aws_lambda_function": {"populate": function}}})

    here = f"python3.{sys.version_info.minor}"
    assert normal("local-api", api(here, "x86_64", "0123456789ab")) == normal("local-api", api(here, "arm64", "f" * 12))
    assert normal("dev-api", api(here, "x86_64", "0123456789ab")) != normal("dev-api", api(here, "arm64", "f" * 12))
