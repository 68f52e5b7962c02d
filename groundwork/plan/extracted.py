"""`cdktf.out.approved`: extracted bundles with a manifest, which cdktf-cli accepts as a synthesis."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.plan import archive
from groundwork.plan.bundle import Bundle
from groundwork.refusals import Code, Refusal, require_none
from groundwork.synthesis.manifest import FILE
from groundwork.terraform.terraform import ERRORED
from groundwork.workspace import Workspace

NAME = "cdktf.out.approved"


@dataclass(frozen=True)
class Extracted:
    """Extracted bundles. `workspace` is the checkout with this folder in place of cdktf.out; `archives` is stack →
    the bundle's bytes.
    """

    workspace: Workspace
    bundles: Mapping[str, Bundle]
    archives: Mapping[str, bytes]

    def folder(self, stack: str) -> Path:
        """The folder of a stack."""
        return self.workspace.out / "stacks" / stack


def extract(checkout: Workspace, archives: Mapping[str, bytes], *, name: str = NAME) -> Extracted:
    """Create the folder `name` again from `archives`: stack → bundle's bytes, in the order in which they are applied.

    Raises Refused where an archive is not exactly what it lists, is of another stack, or where an earlier apply left a
    state here that it could not store.
    """
    workspace = checkout.with_out(name)
    require_none([_unstored(path) for path in sorted(workspace.out.glob(f"stacks/*/{ERRORED}"))])
    if workspace.out.exists():
        shutil.rmtree(workspace.out)
    workspace.out.mkdir(mode=0o700)  # plans hold secrets
    bundles: dict[str, Bundle] = {}
    for stack, packed in archives.items():
        bundle = archive.describe(packed)
        if bundle.stack != stack:
            require_none([_of_another(stack, bundle)])
        bundles[stack] = archive.unpack(packed, workspace.out / "stacks" / stack)
    (workspace.out / FILE).write_text(json.dumps(manifest(list(bundles.values())), indent=2), encoding="utf-8")
    return Extracted(workspace, bundles, dict(archives))


def manifest(bundles: Sequence[Bundle]) -> dict[str, object]:
    """The manifest that cdktf would write for these stacks, without their dependencies outside of the bundles."""
    names = {bundle.stack for bundle in bundles}
    return {
        "version": bundles[0].tools.cdktf if bundles else "",
        "stacks": {
            bundle.stack: {
                "name": bundle.stack,
                "constructPath": bundle.stack,
                "workingDirectory": f"stacks/{bundle.stack}",
                "synthesizedStackPath": f"stacks/{bundle.stack}/cdk.tf.json",
                "annotations": [],
                "dependencies": [name for name in bundle.dependencies if name in names],
            }
            for bundle in bundles
        },
    }


def _unstored(path: Path) -> Refusal:
    stack = path.parent.name
    sentence = f"the last apply could not store its state and left it in {path}, the only record of what it created"
    return Refusal(Code.UNSETTLED_APPLY, sentence, f"gw recover {stack}", stack)


def _of_another(stack: str, bundle: Bundle) -> Refusal:
    return Refusal(Code.BUNDLE_TAMPERED, f"it is a bundle of {bundle.stack}", "gw plan make", stack)
