"""Writes a review to files, in one of four formats."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork.review.model import Review
    from groundwork.review.snapshot import Snapshot


class Format(StrEnum):
    """The formats of a review."""

    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    HCL = "hcl"


def texts(review: Review, base: Snapshot, head: Snapshot, format_: Format, *, blob_url: str = "") -> dict[str, str]:
    """File name → text. Markdown that is too long for one comment has several files; HCL has one for every stack that
    differs.

    `blob_url` begins links to lines (`https://github.com/o/r/blob/<commit>`); without it there are no links.
    """
    if format_ == Format.JSON:
        return {"review.json": review.model_dump_json(indent=2) + "\n"}
    if format_ == Format.HTML:
        from groundwork.review.render.html import page  # noqa: PLC0415 - imports jinja2

        return {"review.html": page(review, blob_url=blob_url)}
    if format_ == Format.MARKDOWN:
        from groundwork.review.render import markdown  # noqa: PLC0415

        pages = markdown.markdown(review, blob_url=blob_url)
        return {f"review{f'-{number}' if number > 1 else ''}.md": page for number, page in enumerate(pages, 1)}
    from groundwork.review import hcl  # noqa: PLC0415

    differing = [stack.stack for stack in review.stacks if stack.state != "untouched"]
    stacks = {
        f"hcl/{side}/{name}.tf": snapshot.stacks[name]
        for side, snapshot in (("base", base), ("head", head))
        for name in differing
        if name in snapshot.stacks
    }
    return dict(zip(stacks, hcl.texts(stacks.values()), strict=True))


def write(files: Mapping[str, str], to: Path) -> list[Path]:
    """Write files to the folder `to`, or to the file `to` where it has a suffix and is not a folder. Returns paths."""
    as_file = not to.is_dir() and bool(to.suffix) and not any("/" in name for name in files)
    written: list[Path] = []
    for number, (name, text) in enumerate(files.items(), 1):
        path = to / name if not as_file else to if number == 1 else to.with_stem(f"{to.stem}-{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
