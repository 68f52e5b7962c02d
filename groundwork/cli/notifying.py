"""Sends notices of a workflow run to the webhook, if the repository has one."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.cli import console
from groundwork.errors import GroundworkError
from groundwork.github import webhook
from groundwork.github.webhook import Notice
from groundwork.paths import Project


def notify(project: Project, environ: Mapping[str, str], title: str, text: str, *, url: str = "") -> None:
    """Send a notice; by default it leads to the run. A deployment does not fail because a chat does not answer."""
    address = environ.get("WEBHOOK", "")
    if not address:
        console.note("the secret WEBHOOK is not set, so no chat gets a notice")
        return
    try:
        body = webhook.message(project.root / webhook.TEMPLATE, Notice(title, text, url or url_of_run(environ)))
        webhook.send(address, body)
    except GroundworkError as error:
        console.err.file.write(f"::warning::{error.message}\n")
    else:
        console.note(f"told: {title}")


def url_of_run(environ: Mapping[str, str]) -> str:
    """The address of a workflow run."""
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts)
