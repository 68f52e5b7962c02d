"""`python -m localcloud.aws --port N --state DIR`: the embedded AWS in the foreground."""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path

from localcloud.aws import settings


def main() -> None:
    """Read the two options, prepare the process environment, serve."""
    parser = argparse.ArgumentParser(prog="localcloud.aws", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="loopback port to listen on")
    parser.add_argument("--state", type=Path, required=True, help="folder of the saved state")
    options = parser.parse_args()
    # Only here: moto reads its settings from the environment when it is imported, which serve() does.
    settings.apply(os.environ, port=options.port)
    # A third of the start would go to the garbage collector, although nothing that is imported is garbage.
    gc.disable()
    from localcloud.aws.server import serve

    serve(port=options.port, state=options.state.resolve())


if __name__ == "__main__":
    main()
