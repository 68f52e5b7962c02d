"""The plans of a run as Markdown for approvers: what happens to which attribute of which resource, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.plan import archive, attributes, digest
from groundwork.plan.attributes import Attributes
from groundwork.plan.bundle import Bundle, Index, Stored
from groundwork.plan.make import SUFFIX
from groundwork.review.render import parts
from groundwork.review.render.escaping import html_code, html_text
from groundwork.review.render.markdown import attribute_items, resource_item
from groundwork.review.render.parts import Item, Section

_SIZE_LIMIT = 450_000  # characters; GitHub shows nothing of a step whose summary is larger than 1 MiB


def read(index: Index, folder: Path) -> dict[str, Bundle]:
    """Stack → its bundle, from the files that `gw plan make` left in `folder`.

    Raises UsageError where one is missing or is not the one in the index, Refused where somebody changed it.
    """
    return {stack: archive.describe(packed) for stack, packed in read_archives(index, folder).items()}


def read_archives(index: Index, folder: Path) -> dict[str, bytes]:
    """Stack → the bytes of its bundle; raises as `read` does."""
    return {stored.stack: _read(stored, folder / f"{stored.stack}{SUFFIX}") for stored in index.bundles}


def _read(stored: Stored, path: Path) -> bytes:
    try:
        packed = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist", fix="gw plan make ENVIRONMENT, on this machine") from error
    if digest.of_bytes(packed) != stored.digest:
        raise UsageError(f"{path} is not the plan that the index names: its digest differs", fix="gw plan make")
    return packed


def read_attributes(index: Index, folder: Path) -> dict[str, Attributes]:
    """Stack → what its plan does attribute by attribute, as far as `gw plan make` left it in `folder`."""
    read = {stored.stack: attributes.read(stored.stack, folder) for stored in index.bundles}
    return {stack: changes for stack, changes in read.items() if changes}


def summary(
    index: Index, bundles: Mapping[str, Bundle], waiting: Mapping[str, str], changes: Mapping[str, Attributes]
) -> str:
    """A table of the stacks, the data that would be lost, and each stack's resources in a closed section.

    `waiting` is stack → what it waits for, in words; `changes` has the attributes of stacks. What does not fit into
    what GitHub shows is left out.
    """
    head = "\n".join([*_head(index), *_table(index, bundles, waiting), "", *_data_loss(bundles)])
    changing = [bundle for bundle in bundles.values() if bundle.outcome != "no change"]
    sections = [_section(bundle, changes.get(bundle.stack)) for bundle in changing]
    shown, *more = parts.paginate(head, sections, limit=_SIZE_LIMIT)
    return f"{shown}\n" + ("\nThe rest does not fit here.\n" if more else "")


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


def _section(bundle: Bundle, changes: Attributes | None) -> Section:
    counts = f"{len(bundle.changes)} resource{'' if len(bundle.changes) == 1 else 's'}"
    items = [
        *(resource_item(change.resource, word=change.word) for change in (changes.resources if changes else ())),
        *attribute_items("Outputs", changes.outputs if changes else ()),
    ]
    if not changes:
        items = [Item(f"{html_text(word, 400)} {html_code(name, 400)}") for name, word in bundle.changes.items()]
    return Section(f"{html_code(bundle.stack)}: {counts}", tuple(items) or (Item("Only outputs change."),))
