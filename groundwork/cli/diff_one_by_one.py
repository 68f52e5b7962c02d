"""`cdktf diff` for one stack after another, as somebody without `gw` would type it; measured by `gw bench`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from groundwork.cli.context import Context


def main() -> None:
    """Diff every stack of an environment that can be planned here; ends with 1 where one would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environment")
    parser.add_argument("--synth-once", action="store_true", help="synthesise before, not for each stack")
    arguments = parser.parse_args()
    workspace = Context.here().workspace()
    manifest = workspace.manifest()
    stacks = [s for s in workspace.select(manifest, [arguments.environment]) if not workspace.unplannable(s)]
    cdktf = str(Path(sys.executable).with_name("cdktf"))
    options: list[str] = []
    if arguments.synth_once:
        subprocess.run([cdktf, "synth"], check=True)
        options = ["--skip-synth"]
    for stack in stacks:
        done = subprocess.run(
            [cdktf, "diff", stack, *options],
            env={**workspace.environ(stack), "CI": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        if "No changes." not in done.stdout:
            sys.stderr.write(done.stdout)
            sys.exit(f"{stack} would change, or was not planned: the sides cannot be compared")


if __name__ == "__main__":
    main()
