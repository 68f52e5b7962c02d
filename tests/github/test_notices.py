"""A merged pull request says whether it was applied, and a chat gets a notice of what waits or was refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from groundwork.cli.notifying import notify
from groundwork.errors import GitHubError, UsageError
from groundwork.github import applies, webhook
from groundwork.github.webhook import Notice
from groundwork.paths import Project
from tests.github.conftest import admin_of
from tests.support.fake_github import FakeGitHub

NOTICE = Notice('An apply to "prod" waits', "more", "https://github.com/acme/groundwork/actions/runs/1")
URL = "https://hooks.example.com/services/very-secret"


def answering(status: int, seen: list[Any]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(status)

    return httpx.MockTransport(answer)


def test_the_committed_template_is_what_slack_takes(checkout: Path) -> None:
    seen: list[Any] = []
    webhook.send(URL, webhook.message(checkout / webhook.TEMPLATE, NOTICE), transport=answering(200, seen))
    assert seen == [{"text": f"{NOTICE.title}\n{NOTICE.text}\n{NOTICE.url}"}]


def test_the_template_may_be_a_card_of_teams(tmp_path: Path) -> None:
    card = {"type": "message", "attachments": [{"content": {"body": [{"type": "TextBlock", "text": "$title"}]}}]}
    (tmp_path / "card.json").write_text(json.dumps(card))
    made = webhook.message(tmp_path / "card.json", NOTICE)
    assert made["attachments"][0]["content"]["body"][0]["text"] == NOTICE.title


@pytest.mark.parametrize("text", ["", "{", '{"text": "$secret"}', '{"text": "$"}'])
def test_a_template_with_other_names_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(UsageError, match=r"is not JSON with \$title"):
        webhook.message(tmp_path / "bad.json", NOTICE)


def test_an_error_does_not_show_the_address(tmp_path: Path) -> None:
    with pytest.raises(GitHubError) as failed:
        webhook.send(URL, {}, transport=answering(404, []))
    assert "very-secret" not in str(failed.value)
    with pytest.raises(UsageError) as plain:
        webhook.send(URL.replace("https", "http"), {})
    assert "very-secret" not in str(plain.value)


def test_a_chat_that_does_not_answer_fails_no_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notify(Project(tmp_path), {"WEBHOOK": URL}, "title", "text")
    assert "::warning::" in capsys.readouterr().err


def test_the_merged_pull_request_says_whether_it_was_applied(github: FakeGitHub) -> None:
    api, number = admin_of(github), github.open_pull_request("alice")
    commit = github.merge(number, "bob")
    for succeeded in (False, True):
        (_,) = applies.write(api, commit, "dev2", succeeded=succeeded, url="https://run")
    bodies = [comment["body"] for comment in github.state.comments.values()]
    assert any("not applied to dev2: it was rejected or refused, or it failed" in body for body in bodies)
    assert any("applied to dev2. [The run](https://run)" in body for body in bodies)


def test_the_merged_pull_request_says_that_nobody_had_to_approve(github: FakeGitHub) -> None:
    api, number = admin_of(github), github.open_pull_request("alice")
    commit = github.merge(number, "bob")
    (_,) = applies.write(api, commit, "dev", succeeded=True, url="https://run", how={"-auto"})
    (comment,) = github.state.comments.values()
    assert "applied to dev without approval, by the value delivery.auto_apply." in comment["body"]


def test_an_open_pull_request_gets_no_result(github: FakeGitHub) -> None:
    number = github.open_pull_request("alice")
    commit = github.state.pulls[number].head_sha
    assert list(applies.write(admin_of(github), commit, "dev", succeeded=True, url="https://run")) == []


def test_a_run_without_changes_applied_nothing(github: FakeGitHub, workflows: Path) -> None:
    file = workflows / "deploy.yml"
    text = file.read_text(encoding="utf-8").replace("  apply:\n", "  apply:\n    name: Apply prod\n")
    file.write_text(text, encoding="utf-8")
    run = github.begin_run("push", "bob", workflow="deploy.yml")
    assert not applies.ran(admin_of(github), str(run.id), "prod")
    github.job(run, "apply")
    assert applies.ran(admin_of(github), str(run.id), "prod")
    assert not applies.ran(admin_of(github), str(run.id), "dev")
