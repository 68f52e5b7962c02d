"""What several services need around them on one machine, until standard input ends: databases, secrets, upstreams.

    python -m servicekit.surroundings ledger market --ferretdb .groundwork/bin/ferretdb

prints one line of JSON: service → environment variables, as `servicekit.dev` makes them for one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from servicekit.dev import load, variables_for


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="servicekit.surroundings", description=__doc__)
    parser.add_argument("services", nargs="+", help="packages with a module `main`")
    parser.add_argument("--ferretdb", type=Path, help="the program that serves as MongoDB")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        try:
            variables = {
                name: variables_for(load(name), {}, stack, mongodb=False, ferretdb=options.ferretdb)
                for name in options.services
            }
        except FileNotFoundError as error:
            sys.stderr.write(f"error: {error}\n")
            return 3
        sys.stdout.write(json.dumps(variables) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
