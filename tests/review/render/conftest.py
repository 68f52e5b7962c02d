"""The review page in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from groundwork.review.model import Review
from groundwork.review.render.html import page as render
from tests.support.browser import chromium

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a review as a file. Fails at the end after an error on the console or any network request.

    Messages on the console that contain the argument `console` are expected.
    """
    contexts, problems = [], []

    def opened(review: Review, *, blob_url: str = "", fragment: str = "", console: str = "", **context: object) -> Page:
        file = tmp_path / "review.html"
        file.write_text(render(review, blob_url=blob_url))
        context.setdefault("viewport", {"width": 1280, "height": 900})
        made = browser.new_context(**context)
        contexts.append(made)
        page = made.new_page()
        page.on(
            "console",
            lambda message: (console and console in message.text) or problems.append(f"console: {message.text}"),
        )
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or problems.append(request.url))
        page.goto(f"{file.as_uri()}{fragment}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []
