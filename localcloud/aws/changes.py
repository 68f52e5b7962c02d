"""Whether anything changed since the state was last saved."""

from __future__ import annotations

import threading

CHANGED = threading.Event()
