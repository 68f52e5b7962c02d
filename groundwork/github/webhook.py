"""Tells people in a chat what waits for them: one URL, and one template of the message.

Slack's incoming webhooks take `{"text": …}` (docs.slack.dev, "Incoming webhooks"). Teams' workflow "When a Teams
webhook request is received" takes adaptive cards alone (Microsoft Learn, "Create and send messages"): a message
`{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": …}]}`, which
the template can be as well. The URL is a secret: whoever knows it may post.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

import httpx

from groundwork.errors import GitHubError, UsageError

TEMPLATE = ".github/notification.json"
_SECONDS = 15.0


@dataclass(frozen=True)
class Notice:
    """A message: what happened, more about it, and where to look."""

    title: str
    text: str
    url: str


def message(template: Path, notice: Notice) -> Any:
    """The JSON of the template with `$title`, `$text` and `$url` replaced in every text of it.

    Raises UsageError where the template is not JSON or names something else.
    """
    try:
        return _filled(json.loads(template.read_text(encoding="utf-8")), asdict(notice))
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"{template} is not JSON with $title, $text and $url alone: {error}", fix=f"correct {template}"
        ) from error


def send(url: str, body: Any, *, transport: httpx.BaseTransport | None = None) -> None:
    """Post a message. Raises GitHubError, without the URL, where nobody takes it, and UsageError without TLS."""
    if not url.startswith("https://"):
        raise UsageError("WEBHOOK is not an https:// address", fix="set the repository's secret WEBHOOK")
    try:
        with httpx.Client(transport=transport, timeout=_SECONDS) as client:
            answer = client.post(url, json=body)
    except httpx.HTTPError as error:
        raise GitHubError(
            f"the webhook did not answer: {type(error).__name__}", fix="check the secret WEBHOOK"
        ) from None
    if not answer.is_success:
        raise GitHubError(
            f"the webhook answered {answer.status_code}", fix=f"check the secret WEBHOOK, and {TEMPLATE} for its format"
        )


def _filled(value: Any, fields: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, fields) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, fields) for item in value]
    return Template(value).substitute(fields) if isinstance(value, str) else value
