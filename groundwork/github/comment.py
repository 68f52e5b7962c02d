"""One sticky comment per pull request and topic, recognised by its marker and author, and updated in place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import GitHubError, UsageError
from groundwork.github.api import GitHub
from groundwork.github.people import login_of

LONGEST = 65_536  # characters of a comment; GitHub's limit
MOST = 5
"""Comments of a topic. GitHub asks for a second between two (REST API, "Best practices"), and nobody reads thirty."""
LONGEST_SUMMARY = 1024 * 1024  # bytes of a step's summary; GitHub's limit
ACTIONS = "github-actions[bot]"
_MARKER = re.compile(r"^<!-- groundwork:(?P<topic>[a-z0-9-]+):(?P<part>\d+) -->\n")


@dataclass(frozen=True)
class CommentResult:
    """How many comments were written, unchanged and removed, or whether the text went into the job's summary."""

    pull_request: int
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    summary: bool = False

    @property
    def sentence(self) -> str:
        """For a person."""
        if self.summary:
            return "the token may not comment (a fork?): the text is in the job's summary"
        counts = f"{self.written} written, {self.unchanged} unchanged, {self.removed} removed"
        return f"pull request #{self.pull_request}: {counts}"


def read(paths: Sequence[Path]) -> list[str]:
    """The texts of Markdown files, and of `*.md` in folders: review.md, review-2.md …; raises UsageError for none."""
    files = [file for path in paths for file in (sorted(path.glob("*.md"), key=_in_order) if path.is_dir() else [path])]
    texts = [text for file in files if (text := file.read_text(encoding="utf-8").strip())]
    if not texts:
        raise UsageError(f"{', '.join(map(str, paths))} has no text", fix="name Markdown files, or a folder with some")
    return texts


def _in_order(file: Path) -> tuple[str, int]:
    """By name, and by number where parts of one text are numbered: 2 before 10."""
    name, _, number = file.stem.rpartition("-")
    return (name, int(number)) if name and number.isdigit() else (file.stem, 1)


def number_of_event(environ: Mapping[str, str]) -> int:
    """The pull request of the workflow's event; raises UsageError where the event has none."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    event = json.loads(Path(path).read_text(encoding="utf-8")) if path and Path(path).is_file() else {}
    number = (event.get("pull_request") or {}).get("number", event.get("number"))
    if not isinstance(number, int):
        raise UsageError(
            "this event does not belong to a pull request", fix="gw github comment --pull-request NUMBER …"
        )
    return number


def post(
    api: GitHub, number: int, texts: Sequence[str], *, topic: str, author: str = "", summary: str = ""
) -> CommentResult:
    """Make `texts` the comments of `topic` on a pull request, in this order; comments of others are not touched.

    Of more than MOST texts the last comment says where the rest is: in `summary`, and in the job's artifacts. Where the
    token may not write and `summary` names a file (the job's summary on GitHub), all texts go there; otherwise raises
    GitHubError. Raises UsageError for a text that exceeds GitHub's limit.
    """
    shown, rest = (texts, []) if len(texts) <= MOST else (texts[: MOST - 1], texts[MOST - 1 :])
    if rest:
        where = "the job's summary and its artifacts" if summary else "the files that this was written from"
        shown = [*shown, f"_{len(rest)} further parts are in {where}: a pull request gets at most {MOST} comments._"]
    bodies = [f"<!-- groundwork:{topic}:{part} -->\n{text}" for part, text in enumerate(shown, start=1)]
    for body in bodies:
        if len(body) > LONGEST:
            raise UsageError(
                f"a part has {len(body)} characters, GitHub's limit is {LONGEST}", fix="split it, as the review does"
            )
    try:
        result = _write(api, number, bodies, topic=topic, author=author or _login(api))
    except GitHubError as error:
        if not (summary and " 403 " in f"{error.message} "):
            raise
        _append(Path(summary), texts)
        return CommentResult(number, summary=True)
    if rest and summary:
        _append(Path(summary), rest)
    return result


def _write(api: GitHub, number: int, bodies: Sequence[str], *, topic: str, author: str) -> CommentResult:
    own = _own_comments(api, number, topic, author)
    written = unchanged = 0
    for part, body in enumerate(bodies, start=1):
        comments = own.pop(part, [])
        if not comments:
            api.send("POST", f"issues/{number}/comments", {"body": body}, needs="pull-requests: write")
            written += 1
        elif comments[0]["body"] == body:
            unchanged += 1
        else:
            api.send("PATCH", f"issues/comments/{comments[0]['id']}", {"body": body}, needs="pull-requests: write")
            written += 1
        own.setdefault(0, []).extend(comments[1:])  # two jobs at once may have written two: the first stays
    surplus = [comment for group in own.values() for comment in group]
    for comment in surplus:
        api.send("DELETE", f"issues/comments/{comment['id']}", needs="pull-requests: write")
    return CommentResult(number, written, unchanged, len(surplus))


def _own_comments(api: GitHub, number: int, topic: str, author: str) -> dict[int, list[Any]]:
    """The author's comments of a topic by part. The marker alone is not enough, since anybody can write it."""
    own: dict[int, list[Any]] = {}
    for comment in api.pages(f"issues/{number}/comments", needs="pull-requests: read"):
        marker = _MARKER.match((comment["body"] or "").replace("\r\n", "\n"))
        if marker and marker["topic"] == topic and login_of(comment["user"]) == author:
            own.setdefault(int(marker["part"]), []).append(comment)
    return own


def _login(api: GitHub) -> str:
    """The token's login, which GitHub does not return for the token of a workflow: that belongs to the Actions app."""
    try:
        return str(api.get("/user")["login"])
    except GitHubError:
        return ACTIONS


def _append(summary: Path, texts: Sequence[str]) -> None:
    text = "\n\n".join(texts) + "\n"
    if len(text.encode()) > LONGEST_SUMMARY:
        text = f"{texts[0]}\n\nThe rest exceeds the limit of a summary: see the artifact of this job.\n"
    with summary.open("a", encoding="utf-8") as file:
        file.write(text)
