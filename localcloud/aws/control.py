"""The reserved paths under /_groundwork/: status, inventory, save, shutdown; for tools of this machine only."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from localcloud.aws.entrance import RESERVED
from localcloud.aws.inventory import take_inventory
from localcloud.aws.lambda_runtime import LambdaRuntime
from localcloud.aws.moto_lock import MOTO_LOCK
from localcloud.aws.persistence import Persistence
from localcloud.aws.restored import Restored
from localcloud.aws.routing import Request, Response, json_error, json_response

GUARD_HEADER = "x-groundwork"  # a web page cannot send it across origins without a preflight, which is never answered


class Control:
    """Answers the reserved paths; `Entrance` has refused web pages before."""

    def __init__(self, *, port: int, persistence: Persistence, functions: LambdaRuntime) -> None:
        self._port = port
        self._persistence = persistence
        self._functions = functions
        self.restored = Restored()
        self._started = datetime.now(UTC)
        self.on_shutdown: Callable[[], None] = lambda: None

    def answer(self, request: Request) -> Response | None:
        """The answer for a reserved path; None for any other."""
        if not request.path.startswith(RESERVED):
            return None
        name = request.path.removeprefix(RESERVED).strip("/")
        if request.method == "GET" and name == "status":
            return json_response(self._status())
        if request.method == "GET" and name == "inventory":
            with MOTO_LOCK.held():
                return json_response(take_inventory().as_json())
        if request.method == "POST" and name in ("save", "shutdown"):
            if GUARD_HEADER not in request.headers:
                return json_error("Forbidden", f"send the header {GUARD_HEADER}: 1", 403)
            if name == "shutdown":
                threading.Thread(target=self.on_shutdown, daemon=True).start()
                return json_response({"ok": True})
            saved = self._persistence.save(fork=True)
            return json_response({"ok": saved, "problem": self._persistence.problem}, 200 if saved else 500)
        return json_error("NotFound", f"{request.method} {request.path} is not one of the reserved paths", 404)

    def _status(self) -> dict[str, object]:
        with MOTO_LOCK.held():
            inventory = take_inventory()
        return {
            "endpoint": f"http://127.0.0.1:{self._port}",
            "pid": os.getpid(),
            "started_at": self._started.isoformat(),
            "restored": vars(self.restored) if self.restored.anything else None,
            "resources": inventory.counts(),
            "pending_deletion": len(inventory.pending_deletion),
            "problem": self._persistence.problem,
            "exposed": self._functions.problem,
        }
