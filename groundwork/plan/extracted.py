"""`cdktf.out.approved`: bundles extracted side by side, with a manifest, so that cdktf-cli takes them for a synth."""

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
"""Beside cdktf.out and as deep: stacks name files of the checkout by relative paths."""


@dataclass(frozen=True)
class Extracted:
    """What was extracted. `workspace` is the checkout with this folder in place of cdktf.out; `archives` is stack →
    bytes of its bundle.
    """

    workspace: Workspace
    bundles: Mapping[str, Bundle]
    archives: Mapping[str, bytes]

    def folder(self, stack: str) -> Path:
        """The folder of a stack."""
        return self.workspace.out / "stacks" / stack


def extract(checkout: Workspace, archives: Mapping[str, bytes], *, name: str = NAME) -> Extracted:
    """Make the folder `name` anew from bundles: stack → bytes. `archives` are in the order in which they are applied.

    Raises Refused where an archive is not exactly what it lists, is of another stack, or where an earlier apply left a
    state here that it could not store.
    """
    workspace = checkout.at(name)
    require_none([_unstored(path) for path in sorted(workspace.out.glob(f"stacks/*/{ERRORED}"))])
    if workspace.out.exists():
        shutil.rmtree(workspace.out)
    workspace.out.mkdir(mode=0o700)  # plans hold secrets
    bundles: dict[str, Bundle] = {}
    for stack, packed in archives.items():
        about = archive.about(packed)
        if about.stack != stack:
            require_none([_of_another(stack, about)])
        bundles[stack] = archive.unpack(packed, workspace.out / "stacks" / stack)
    (workspace.out / FILE).write_text(json.dumps(manifest(list(bundles.values())), indent=2), encoding="utf-8")
    return Extracted(workspace, bundles, dict(archives))


def manifest(bundles: Sequence[Bundle]) -> dict[str, object]:
    """The manifest that cdktf would have written for these stacks; what they read and is not among them is left out."""
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
                "dependencies": [one for one in bundle.dependencies if one in names],
            }
            for bundle in bundles
        },
    }


def _unstored(path: Path) -> Refusal:
    stack = path.parent.name
    sentence = f"the last apply could not store its state and left it in {path}: resources that no state knows"
    return Refusal(Code.UNSETTLED_APPLY, sentence, f"gw recover {stack}", stack)


def _of_another(stack: str, about: Bundle) -> Refusal:
    return Refusal(Code.BUNDLE_TAMPERED, f"it is a bundle of {about.stack}", "gw plan make", stack)
