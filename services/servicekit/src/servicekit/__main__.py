"""The command of the service that SERVICE names: what an image starts."""

from __future__ import annotations

import importlib
import os
import sys

if __name__ == "__main__":
    name = os.environ.get("SERVICE", "")
    if not name:
        sys.stderr.write("error: SERVICE is not set\n  fix: SERVICE=ledger python -m servicekit serve\n")
        raise SystemExit(2)
    raise SystemExit(importlib.import_module(f"{name}.main").main())
