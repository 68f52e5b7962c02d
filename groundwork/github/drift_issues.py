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
    """The issues of one repository; `author` is the login that opened them, empty for anybody."""

    api: GitHub
    author: str = ""

    def report(self, stack: str, body: str) -> tuple[What, int]:
        """Report that a stack has drifted; returns what was done and the issue's number."""
        text = f"{_marker(stack)}\n{body}"
        issue = self._find(stack)
        if issue is None:
            opened = {"title": f"Drift in {stack}", "body": text, "labels": [LABEL]}
            return "opened", int(self.api.send("POST", "issues", opened, needs=_NEEDS)["number"])
        number = int(issue["number"])
        if issue["state"] == "closed":
            self._change(number, {"state": "open", "body": text})
            return "reopened", number
        if _same(issue["body"], text):
            return "unchanged", number
        self._change(number, {"body": text})
        return "updated", number

    def close(self, stack: str) -> tuple[What, int] | None:
        """Close the open issue of a stack without drift; None without one."""
        issue = self._find(stack)
        if issue is None or issue["state"] == "closed":
            return None
        self._change(int(issue["number"]), {"state": "closed", "state_reason": "completed"})
        return "closed", int(issue["number"])

    def _change(self, number: int, body: dict[str, str]) -> None:
        self.api.send("PATCH", f"issues/{number}", body, needs=_NEEDS)

    def _find(self, stack: str) -> Any | None:
        """The newest open issue of a stack, else the newest closed one."""
        query = {"labels": LABEL, "state": "all"} | ({"creator": self.author} if self.author else {})
        own = [
            issue
            for issue in self.api.pages("issues", needs="issues: read", **query)
            if (issue.get("body") or "").startswith(_marker(stack)) and "pull_request" not in issue
        ]
        return max(own, key=lambda issue: (issue["state"] == "open", issue["number"]), default=None)


def _marker(stack: str) -> str:
    return f"<!-- groundwork:drift:{stack} -->"


def _same(first: str, second: str) -> bool:
    return first.replace("\r\n", "\n").strip() == second.strip()
