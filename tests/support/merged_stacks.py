"""Several synthesised stacks as modules of one configuration: the AWS provider takes 4 s of processor time per run.

What AWS is asked stays the same. What is left out: Helm releases, which need a Kubernetes API, and the tag `stack`,
which is the first stack's for all of them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def merge(synthesised: Path, environment: str, stacks: Sequence[str], folder: Path, *, state: str | None) -> None:
    """Write to `folder` what runs `stacks`, which `main.py` wrote to `synthesised`, in one go.

    Outputs that one reads from another's state become arguments of modules. `state` is the name of the state in the
    environment's bucket, None for a local one.
    """
    folder.mkdir()
    modules: dict[str, Any] = {}
    providers: list[dict[str, Any]] = []
    for stack in stacks:
        source = synthesised / "stacks" / f"{environment}-{stack}"
        document, reads = _without_states((source / "cdk.tf.json").read_text(encoding="utf-8"), environment)
        module: dict[str, Any] = {"source": f"./{stack}", **{name: f"${{{output}}}" for name, output in reads.items()}}
        if stack in {"account", "delivery"} and "state-backend" in stacks:
            module["depends_on"] = ["module.state_backend"]  # a bucket for their access logs
        (provider,) = document.pop("provider")["aws"]
        if not providers:
            providers.append(provider)
            terraform = document["terraform"]
        elif provider.get("assume_role") != providers[0].get("assume_role"):
            providers.append({**provider, "alias": stack})
            module["providers"] = {"aws": f"aws.{stack}"}
        document["terraform"] = {"required_providers": document["terraform"]["required_providers"]}
        (folder / stack).mkdir()
        (folder / stack / "main.tf.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
        if (source / "assets").exists():
            shutil.copytree(source / "assets", folder / "assets", dirs_exist_ok=True)
        modules[_name(stack)] = module
    root: dict[str, Any] = {
        "terraform": {"required_providers": terraform["required_providers"]},
        "provider": {"aws": providers},
        "module": modules,
    }
    if state:
        backend = {**terraform["backend"]["s3"], "key": f"{environment}/{state}.tfstate"}
        root["terraform"]["backend"] = {"s3": backend}
    (folder / "main.tf.json").write_text(json.dumps(root, indent=1), encoding="utf-8")


def _without_states(text: str, environment: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A stack that takes variables instead of reading states, and variable → output of another module."""
    reads: dict[str, str] = {}

    def variable(match: re.Match[str]) -> str:
        stack, output = match.groups()
        reads[f"{_name(stack)}_{output}"] = f"module.{_name(stack)}.{output}"
        return f"var.{_name(stack)}_{output}"

    pattern = rf"data\.terraform_remote_state\.cross-stack-reference-input-{environment}-([a-z-]+)\.outputs\.([\w-]+)"
    document: dict[str, Any] = json.loads(re.sub(pattern, variable, text))
    document.pop("//", None)
    document.get("data", {}).pop("terraform_remote_state", None)
    document = {key: value for key, value in document.items() if value}
    return (document | {"variable": {name: {} for name in reads}} if reads else document), reads


def _name(stack: str) -> str:
    return stack.replace("-", "_")
