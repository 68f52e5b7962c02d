"""A pull request is opened, and its workflow file runs: planned by main's code, reported once, nothing applied."""

from __future__ import annotations

import pytest

from tests.workflows.pipeline import Pipeline

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


def green(github: Pipeline) -> None:
    github.edit("main.py", '"dev": "blue"', '"dev": "green"')


def test_a_pull_request_gets_one_report_of_every_stack(github: Pipeline) -> None:
    number = github.open_pull_request(lambda: green(github))
    run = github.on_pull_request(number)
    assert run.end(), run.log
    (comment,) = github.github.state.comments.values()
    assert comment["user"]["login"] == "github-actions[bot]"
    assert "dev-web" in comment["body"]
