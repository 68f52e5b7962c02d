"""One issue per stack for drift: opened, updated, reopened and closed by its label and marker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from groundwork.github.api import GitHub

LABEL = "drift"
_NEEDS = "issues: write"

What = Literal["opened", "updated", "reopened", "closed", "unchanged"]


@dataclass(frozen=True)
class DriftIssues:
    """The issues of one repository; `author` is the login whose issues they are, empty for anybody's."""

    api: GitHub
    author: str = ""

    def report(self, stack: str, body: str) -> tuple[What, int]:
        """Say that a stack has drifted; gives what was done and the issue's number."""
        text = f"{_marker(stack)}\n{body}"
        there = self._find(stack)
        if there is None:
            opened = {"title": f"Drift in {stack}", "body": text, "labels": [LABEL]}
            return "opened", int(self.api.send("POST", "issues", opened, needs=_NEEDS)["number"])
        number = int(there["number"])
        if there["state"] == "closed":
            self._change(number, {"state": "open", "body": text})
            return "reopened", number
        if _same(there["body"], text):
            return "unchanged", number
        self._change(number, {"body": text})
        return "updated", number

    def settle(self, stack: str) -> tuple[What, int] | None:
        """Say that a stack is as its code says: an open issue is closed; None where there is none."""
        there = self._find(stack)
        if there is None or there["state"] == "closed":
            return None
        self._change(int(there["number"]), {"state": "closed", "state_reason": "completed"})
        return "closed", int(there["number"])

    def _change(self, number: int, body: dict[str, str]) -> None:
        self.api.send("PATCH", f"issues/{number}", body, needs=_NEEDS)

    def _find(self, stack: str) -> Any | None:
        """The newest open issue of a stack, else the newest closed one."""
        query = {"labels": LABEL, "state": "all"} | ({"creator": self.author} if self.author else {})
        own = [
            one
            for one in self.api.pages("issues", needs="issues: read", **query)
            if (one.get("body") or "").startswith(_marker(stack)) and "pull_request" not in one
        ]
        return max(own, key=lambda one: (one["state"] == "open", one["number"]), default=None)


def _marker(stack: str) -> str:
    return f"<!-- groundwork:drift:{stack} -->"


def _same(one: str, other: str) -> bool:
    return one.replace("\r\n", "\n").strip() == other.strip()
