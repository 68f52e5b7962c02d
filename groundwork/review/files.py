"""A review as files: which format goes where."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork.review.model import Review
    from groundwork.review.snapshot import Snapshot


class Format(StrEnum):
    """What a review can be written as."""

    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    HCL = "hcl"


def texts(review: Review, base: Snapshot, head: Snapshot, format_: Format, *, blob_url: str = "") -> dict[str, str]:
    """File name → text. Markdown has more than one file where it is too long for a comment; HCL one for every stack.

    `blob_url` is what links to lines begin with (`https://github.com/o/r/blob/<commit>`), empty for none.
    """
    if format_ == Format.JSON:
        return {"review.json": review.model_dump_json(indent=2) + "\n"}
    if format_ == Format.HTML:
        from groundwork.review.render.html import page  # noqa: PLC0415 - jinja2, where a page is written

        return {"review.html": page(review, blob_url=blob_url)}
    if format_ == Format.MARKDOWN:
        from groundwork.review.render import markdown  # noqa: PLC0415

        pages = markdown.markdown(review, blob_url=blob_url)
        return {f"review{f'-{number}' if number > 1 else ''}.md": page for number, page in enumerate(pages, 1)}
    from groundwork.review import hcl  # noqa: PLC0415

    sides = {"base": base, "head": head}
    return {
        f"hcl/{side}/{name}.tf": hcl.text(stack)
        for side, snapshot in sides.items()
        for name, stack in snapshot.stacks.items()
    }


def write(files: Mapping[str, str], to: Path) -> list[Path]:
    """Writes files into a folder, or, where there is one and `to` is no folder, as that file; gives their paths."""
    as_file = not to.is_dir() and bool(to.suffix) and not any("/" in name for name in files)
    written: list[Path] = []
    for number, (name, text) in enumerate(files.items(), 1):
        path = to / name if not as_file else to if number == 1 else to.with_stem(f"{to.stem}-{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
