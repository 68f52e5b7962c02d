"""The first thing that a function's process runs: AWS's own runtime client, and a watch that ends it with the server.

Run by path with `python -S -P`; imports nothing of Groundwork, so that a function sees its zip and AWS's runtime only.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time


def _end_with(parent: int) -> None:
    """End this process once its parent has ended, even while a handler runs."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(int(sys.argv.pop(1)),), daemon=True).start()
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
