"""Writes synthesised folders without a synthesis, and reviews two of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundwork.review import make
from groundwork.review.model import Concern, Review, Risk

STACK = "dev-data"
Terraform = Mapping[str, Any]


def resources(**by_type: Mapping[str, Any]) -> dict[str, Any]:
    """Terraform with these resources: `resources(aws_s3_bucket={"records": {…}})`; `data_…` for data sources."""
    made: dict[str, Any] = {}
    for type_, named in by_type.items():
        section, name = ("data", type_.removeprefix("data_")) if type_.startswith("data_") else ("resource", type_)
        made.setdefault(section, {})[name] = dict(named)
    return made


def tree(folder: Path, stacks: Mapping[str, Terraform], *, waivers: Mapping[str, list[Any]] | None = None) -> Path:
    """A folder like cdktf.out; the resources of a stack come from lines 1, 2, … of stacks/<stack>.py."""
    manifest = {}
    for name, terraform in stacks.items():
        stack = folder / "stacks" / name
        stack.mkdir(parents=True)
        (stack / "cdk.tf.json").write_text(json.dumps(terraform))
        addresses = [
            f"{'data.' if section == 'data' else ''}{type_}.{resource}"
            for section in ("resource", "data")
            for type_, named in terraform.get(section, {}).items()
            for resource in named
        ]
        origins = {
            address: {
                "path": f"{name}/{address.rpartition('.')[2]}",
                "lines": [f"stacks/{name}.py:{number}", "main.py:9"],
            }
            for number, address in enumerate(addresses, 1)
        }
        (stack / "origins.json").write_text(json.dumps(origins))
        (stack / "waivers.json").write_text(json.dumps((waivers or {}).get(name, [])))
        manifest[name] = {"name": name, "dependencies": [], "workingDirectory": f"stacks/{name}"}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"version": "0.21.0", "stacks": manifest}))
    return folder


def review(base: Terraform, head: Terraform, **more: Any) -> Review:
    """The review of a change of one stack."""
    return review_of({STACK: base}, {STACK: head}, **more)


def review_of(base: Mapping[str, Terraform], head: Mapping[str, Terraform], **more: Any) -> Review:
    """The review of a change of several stacks. `base_waivers` and `head_waivers`: stack → entries of waivers.json.

    `policies` are the organisation's rules.
    """
    with tempfile.TemporaryDirectory() as folder:
        before = tree(Path(folder) / "base", base, waivers=more.get("base_waivers"))
        after = tree(Path(folder) / "head", head, waivers=more.get("head_waivers"))
        report, _, _ = make.make(before, after, names=("b" * 40, "a" * 40), policies=more.get("policies"))
    return report


def risks_of(base: Terraform, head: Terraform, concern: Concern) -> list[Risk]:
    """The risks of one concern."""
    return [risk for risk in review(base, head).risks if risk.concern == concern]


def changed(base: Terraform, head: Terraform) -> dict[str, tuple[Any, Any]]:
    """Path → before and after of the only resource that changed."""
    (stack,) = review(base, head).stacks
    (change,) = stack.resources
    return {
        attribute.path: (
            attribute.before and json.loads(attribute.before),
            attribute.after and json.loads(attribute.after),
        )
        for attribute in change.attributes
    }
