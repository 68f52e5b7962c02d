"""One sticky comment per pull request and topic: found again by its marker and author, updated, grown and shrunk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import GitHubError, UsageError
from groundwork.github.api import GitHub

LONGEST = 65_536  # characters of a comment that GitHub takes
LONGEST_SUMMARY = 1024 * 1024  # bytes of a step's summary that GitHub takes
ACTIONS = "github-actions[bot]"
_MARKER = re.compile(r"^<!-- groundwork:(?P<topic>[a-z-]+):(?P<part>\d+) -->\n")


@dataclass(frozen=True)
class Outcome:
    """What became of what was to be said: numbers of comments, or that it went into the job's summary."""

    pull_request: int
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    summary: bool = False

    @property
    def sentence(self) -> str:
        """For a person."""
        if self.summary:
            return "the token may not comment (a fork?): it is in the job's summary"
        said = f"{self.written} written, {self.unchanged} unchanged, {self.removed} removed"
        return f"pull request #{self.pull_request}: {said}"


def read(paths: Sequence[Path]) -> list[str]:
    """The texts of Markdown files; of a folder all `*.md`: review.md, review-2.md, … Raises UsageError for none."""
    files = [file for path in paths for file in (sorted(path.glob("*.md"), key=_in_order) if path.is_dir() else [path])]
    texts = [text for file in files if (text := file.read_text(encoding="utf-8").strip())]
    if not texts:
        raise UsageError(
            f"nothing to say in {', '.join(map(str, paths))}", fix="name Markdown files, or a folder that holds some"
        )
    return texts


def _in_order(file: Path) -> tuple[str, int]:
    """By name, and by number where parts of one text are numbered: 2 before 10."""
    name, _, number = file.stem.rpartition("-")
    return (name, int(number)) if name and number.isdigit() else (file.stem, 1)


def number_of_event(environ: Mapping[str, str]) -> int:
    """The pull request that the running workflow is about; raises UsageError where it is about none."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    event = json.loads(Path(path).read_text(encoding="utf-8")) if path and Path(path).is_file() else {}
    number = (event.get("pull_request") or {}).get("number", event.get("number"))
    if not isinstance(number, int):
        raise UsageError("this event is about no pull request", fix="gw github comment --pull-request NUMBER …")
    return number


def say(api: GitHub, number: int, texts: Sequence[str], *, topic: str, author: str = "", summary: str = "") -> Outcome:
    """Make the comments of `topic` on a pull request be `texts`, in this order; nobody else's are touched.

    Where the token may not write and `summary` names a file, the texts go there instead (the job's summary on GitHub);
    otherwise GitHubError. UsageError for a text that is longer than GitHub takes.
    """
    bodies = [f"<!-- groundwork:{topic}:{part} -->\n{text}" for part, text in enumerate(texts, start=1)]
    for body in bodies:
        if len(body) > LONGEST:
            raise UsageError(
                f"a part has {len(body)} characters, GitHub takes {LONGEST}", fix="split it, as the review does"
            )
    try:
        return _write(api, number, bodies, topic=topic, author=author or _me(api))
    except GitHubError as refused:
        if not (summary and " 403 " in f"{refused.message} "):
            raise
        _into(Path(summary), texts)
        return Outcome(number, summary=True)


def _write(api: GitHub, number: int, bodies: Sequence[str], *, topic: str, author: str) -> Outcome:
    own = _own(api, number, topic, author)
    written = unchanged = 0
    for part, body in enumerate(bodies, start=1):
        there = own.pop(part, [])
        if not there:
            api.send("POST", f"issues/{number}/comments", {"body": body}, needs="pull-requests: write")
            written += 1
        elif there[0]["body"] == body:
            unchanged += 1
        else:
            api.send("PATCH", f"issues/comments/{there[0]['id']}", {"body": body}, needs="pull-requests: write")
            written += 1
        own.setdefault(0, []).extend(there[1:])  # of two jobs at once, one is left
    surplus = [one for comments in own.values() for one in comments]
    for one in surplus:
        api.send("DELETE", f"issues/comments/{one['id']}", needs="pull-requests: write")
    return Outcome(number, written, unchanged, len(surplus))


def _own(api: GitHub, number: int, topic: str, author: str) -> dict[int, list[Any]]:
    """Our comments of a topic by part. A marker alone is not enough: anybody can write one."""
    found: dict[int, list[Any]] = {}
    for one in api.pages(f"issues/{number}/comments", needs="pull-requests: read"):
        marker = _MARKER.match(one["body"].replace("\r\n", "\n"))
        if marker and marker["topic"] == topic and one["user"]["login"] == author:
            found.setdefault(int(marker["part"]), []).append(one)
    return found


def _me(api: GitHub) -> str:
    """Whose token it is. GitHub does not tell a workflow's token, which belongs to the Actions app."""
    try:
        return str(api.get("/user")["login"])
    except GitHubError:
        return ACTIONS


def _into(summary: Path, texts: Sequence[str]) -> None:
    text = "\n\n".join(texts) + "\n"
    if len(text.encode()) > LONGEST_SUMMARY:
        text = f"{texts[0]}\n\nThe rest is longer than a summary may be: see the artifact of this job.\n"
    with summary.open("a", encoding="utf-8") as file:
        file.write(text)
