"""Renders a review as one page of HTML without external files; it is readable without JavaScript too."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from groundwork.review.model import Review
from groundwork.review.render.page_model import page_model
from groundwork.visible_text import visible

_FOLDER = Path(__file__).parent


def page(review: Review, *, blob_url: str = "", title: str = "Groundwork review") -> str:
    """The page. `blob_url` is the address of head's files (`https://github.com/owner/repo/blob/COMMIT`); with it, lines
    of Python are links, without it they are text. Raises ValueError where it is not an http(s) address.
    """
    if blob_url and not blob_url.startswith(("https://", "http://")):
        raise ValueError(f"blob_url={blob_url!r} is not an http(s) address, so lines could link to anything")
    css, js = _asset("review.css"), _asset("review.js")
    # Only this style and this script run; nothing is loaded from or sent to another address.
    policy = (
        f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(js)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    template = _environment().get_template("page.html.j2")
    return template.render(
        css=Markup(css),  # noqa: S704 - a file of this package, into which nothing is inserted
        js=Markup(js),  # noqa: S704
        csp=policy,
        title=title,
        **page_model(review, blob_url.rstrip("/")),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )


@cache
def _asset(name: str) -> str:
    return (_FOLDER / "assets" / name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
