"""The plans of a run as Markdown for approvers: what happens to which resource, without any values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.plan import archive, digest
from groundwork.plan.bundle import Bundle, Index, Stored
from groundwork.plan.make import SUFFIX
from groundwork.review.render.escaping import html_code, html_text

_SIZE_LIMIT = 900_000  # bytes; GitHub shows nothing of a step whose summary is larger than 1 MiB
_RESOURCE_LIMIT = 500  # resources per stack


def read(index: Index, folder: Path) -> dict[str, Bundle]:
    """Stack → its bundle, from the files that `gw plan make` left in `folder`.

    Raises UsageError where one is missing or is not the one in the index, Refused where somebody changed it.
    """
    return {stored.stack: _read(stored, folder / f"{stored.stack}{SUFFIX}") for stored in index.bundles}


def _read(stored: Stored, path: Path) -> Bundle:
    try:
        packed = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist", fix="gw plan make ENVIRONMENT, on this machine") from error
    if digest.of_bytes(packed) != stored.digest:
        raise UsageError(f"{path} is not the plan that the index names: its digest differs", fix="gw plan make")
    return archive.describe(packed)


def summary(index: Index, bundles: Mapping[str, Bundle], waiting: Mapping[str, str]) -> str:
    """A table of the stacks, the data that would be lost, and each stack's resources in a closed section.

    `waiting` is stack → what it waits for, in words. Resources that do not fit into what GitHub shows are left out.
    """
    shown = "\n".join([*_head(index), *_table(index, bundles, waiting), "", *_data_loss(bundles)])
    room = _SIZE_LIMIT - len(shown.encode())
    for stored in index.bundles:
        details = _details(bundles[stored.stack])
        room -= len(details.encode())
        if room < 0:
            return f"{shown}\nThe resources of {html_text(stored.stack)} and of the stacks after it do not fit here.\n"
        shown += details
    return f"{shown}\n"


def _head(index: Index) -> Iterator[str]:
    yield f"### Plans of {html_text(index.environment)}"
    yield ""
    yield (
        f"Commit {html_code(index.commit[:12])}, run {html_text(index.run_id)} attempt {index.run_attempt}, "
        f"{index.planned_at:%Y-%m-%d %H:%M} UTC. An approval covers exactly these plans."
    )
    yield ""


def _table(index: Index, bundles: Mapping[str, Bundle], waiting: Mapping[str, str]) -> Iterator[str]:
    yield "| Stack | Plan | Add | Change | Destroy | Wave | Digest |"
    yield "|---|---|---:|---:|---:|---|---|"
    for stored in index.bundles:
        bundle = bundles[stored.stack]
        word = f"{stored.outcome} (end of the stack)" if bundle.purpose == "destroy" else stored.outcome
        word = f"**{word}**" if stored.outcome in {"destroy", "replace"} else word
        wave = f"{stored.wave}, provisional" if stored.provisional else str(stored.wave)
        counts = bundle.counts
        yield (
            f"| {html_code(stored.stack)} | {word} | {counts.add} | {counts.change} | {counts.destroy} "
            f"| {wave} | {html_code(stored.digest[:12])} |"
        )
    for stack, words in waiting.items():
        yield f"| {html_code(stack)} | waits {html_text(words, 400)} | | | | later | |"


def _data_loss(bundles: Mapping[str, Bundle]) -> Iterator[str]:
    """What an approver must not overlook."""
    for stack, bundle in bundles.items():
        for address in bundle.protected_destroys:
            yield f"- **Data is lost with** {html_code(address, 400)} of {html_code(stack)}"
    yield ""


def _details(bundle: Bundle) -> str:
    if bundle.outcome == "no change":
        return ""
    named = list(bundle.changes.items())
    lines = [f"- {html_text(doing, 400)} {html_code(address, 400)}" for address, doing in named[:_RESOURCE_LIMIT]]
    if more := len(named) - len(lines):
        lines.append(f"- and {more} more")
    counts = f"{len(named)} resource{'' if len(named) == 1 else 's'}"
    title = f"<summary>{html_code(bundle.stack)}: {counts}</summary>"
    body = "\n".join(lines) if lines else "Only outputs change."
    return f"\n<details>{title}\n\n{body}\n\n</details>\n"
