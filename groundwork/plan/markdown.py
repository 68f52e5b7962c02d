"""The plans of a run as Markdown, for whoever approves them: what is done to which resource, and no value of any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.plan import archive, digest
from groundwork.plan.bundle import Bundle, Index, Stored
from groundwork.plan.make import SUFFIX
from groundwork.review.render.escaping import html_code, html_text

_MOST_ROOM = 900_000  # bytes; GitHub shows nothing of a step whose summary is larger than 1 MiB
_MOST_NAMED = 500  # resources per stack


def read(index: Index, folder: Path) -> dict[str, Bundle]:
    """Stack → its bundle, of the files that `gw plan make` left in `folder`.

    Raises UsageError where one is missing or not the one that the index names, Refused where it was tampered with.
    """
    return {one.stack: _read(one, folder / f"{one.stack}{SUFFIX}") for one in index.bundles}


def _read(stored: Stored, path: Path) -> Bundle:
    try:
        packed = path.read_bytes()
    except FileNotFoundError as missing:
        raise UsageError(f"{path} does not exist", fix="gw plan make ENVIRONMENT, on this machine") from missing
    if digest.of_bytes(packed) != stored.digest:
        raise UsageError(f"{path} is not the plan that the index names: its digest differs", fix="gw plan make")
    return archive.about(packed)


def summary(index: Index, bundles: Mapping[str, Bundle], waiting: Mapping[str, str]) -> str:
    """A table of the stacks, the data that would go, and each stack's resources folded away.

    `waiting` is stack → what it waits for, in words. Resources that would make it longer than GitHub shows are counted.
    """
    shown = "\n".join([*_head(index), *_table(index, bundles, waiting), "", *_going(bundles)])
    room = _MOST_ROOM - len(shown.encode())
    for one in index.bundles:
        details = _details(bundles[one.stack])
        room -= len(details.encode())
        if room < 0:
            return f"{shown}\nThe resources of {html_text(one.stack)} and those behind it do not fit here.\n"
        shown += details
    return f"{shown}\n"


def _head(index: Index) -> Iterator[str]:
    yield f"### Plans of {html_text(index.environment)}"
    yield ""
    yield (
        f"Commit {html_code(index.commit[:12])}, run {html_text(index.run_id)} attempt {index.run_attempt}, "
        f"{index.planned_at:%Y-%m-%d %H:%M} UTC. An approval is of exactly these plans."
    )
    yield ""


def _table(index: Index, bundles: Mapping[str, Bundle], waiting: Mapping[str, str]) -> Iterator[str]:
    yield "| Stack | Plan | Add | Change | Destroy | Wave | Digest |"
    yield "|---|---|---:|---:|---:|---|---|"
    for one in index.bundles:
        bundle = bundles[one.stack]
        word = f"{one.outcome} (end of the stack)" if bundle.purpose == "destroy" else one.outcome
        word = f"**{word}**" if one.outcome in {"destroy", "replace"} else word
        wave = f"{one.wave}, provisional" if one.provisional else str(one.wave)
        counts = bundle.counts
        yield (
            f"| {html_code(one.stack)} | {word} | {counts.add} | {counts.change} | {counts.destroy} "
            f"| {wave} | {html_code(one.digest[:12])} |"
        )
    for stack, words in waiting.items():
        yield f"| {html_code(stack)} | waits {html_text(words, 400)} | | | | later | |"


def _going(bundles: Mapping[str, Bundle]) -> Iterator[str]:
    """What nobody may overlook."""
    for stack, bundle in bundles.items():
        for address in bundle.protected_destroys:
            yield f"- **Data goes with** {html_code(address, 400)} of {html_code(stack)}"
    yield ""


def _details(bundle: Bundle) -> str:
    if bundle.outcome == "no change":
        return ""
    named = list(bundle.changes.items())
    lines = [f"- {html_text(doing, 400)} {html_code(address, 400)}" for address, doing in named[:_MOST_NAMED]]
    if more := len(named) - len(lines):
        lines.append(f"- and {more} more")
    counts = f"{len(named)} resource{'' if len(named) == 1 else 's'}"
    title = f"<summary>{html_code(bundle.stack)}: {counts}</summary>"
    body = "\n".join(lines) if lines else "Outputs alone change."
    return f"\n<details>{title}\n\n{body}\n\n</details>\n"
