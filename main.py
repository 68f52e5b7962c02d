"""Synthesises the stacks of every environment: environments/*.yaml → stacks → Terraform in cdktf.out.

`cdktf` starts this file (cdktf.json). While you work on one environment: `python main.py --environment dev`.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.errors import EnvironmentFileError, GroundworkError
from groundwork.paths import Project
from groundwork.synthesis import lazy_provider

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.values import Environment

HERE = Project(Path(__file__).resolve().parent)


def main() -> None:
    """Read the arguments and the environments, and synthesise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, default=HERE.environments, help="folder of the YAML files")
    parser.add_argument("--environment", action="append", help="build only this one; may be repeated")
    arguments = parser.parse_args()
    # A run makes few cycles and ends soon: looking for them takes longer than it saves memory (3 MB of 110).
    gc.disable()
    from stacks.values import load_all

    try:
        synthesise([e for e in load_all(arguments.environments) if e.name in (arguments.environment or [e.name])])
    except GroundworkError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


def synthesise(environments: Sequence[Environment]) -> None:
    """Build every stack, and leave Terraform, provider locks, origins and waivers in cdktf.out."""
    lazy_provider.install(os.environ)
    # Behind the line above, which makes importing cdktf and its providers cheap.
    from groundwork.synthesis import app
    from stacks import catalog
    from stacks.blocks import waivers
    from stacks.blocks.errors import IllegalComposition
    from stacks.platform_stack import PlatformStack

    stacks: list[PlatformStack] = []

    def build(scope: Construct) -> None:
        for environment in environments:
            try:
                stacks.extend(catalog.build(scope, environment))
            except IllegalComposition as error:
                raise EnvironmentFileError(f"{environment.name}.yaml: {error.message}", fix=error.fix) from error

    out = app.synthesise(HERE, build, os.environ)
    for stack in stacks:
        waivers.write(stack, out / "stacks" / stack.node.id)


if __name__ == "__main__":
    main()
