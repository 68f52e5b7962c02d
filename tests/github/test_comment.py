"""Each report has one comment on a pull request, which is updated in place; comments of others are not touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.errors import GitHubError, UsageError
from groundwork.github import comment
from groundwork.github.api import GitHub
from tests.support.fake_github import FakeGitHub

Api = Callable[[int], GitHub]


def bodies(github: FakeGitHub) -> list[str]:
    """Texts of all comments, without their markers."""
    texts = [str(comment["body"]) for comment in github.state.comments.values()]
    return [text.partition(" -->\n")[2] or text for text in texts]


def say(api: GitHub, number: int, *texts: str, topic: str = "review", summary: str = "") -> comment.CommentResult:
    return comment.post(api, number, texts, topic=topic, summary=summary)


def test_a_comment_is_written_once_and_then_updated_in_place(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "first")
    identity = list(github.state.comments)
    assert say(api, number, "second").written == 1
    assert bodies(github) == ["second"]
    assert list(github.state.comments) == identity


def test_an_unchanged_text_writes_nothing(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "same")
    before = len(github.server.requests)
    assert say(api, number, "same").unchanged == 1
    assert all(request.startswith("GET") for request in github.server.requests[before:])


def test_a_report_in_several_comments_grows_and_shrinks_in_order(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "summary", "part 2", "part 3")
    assert bodies(github) == ["summary", "part 2", "part 3"]
    outcome = say(api, number, "summary", "part 2 now")
    assert (outcome.unchanged, outcome.written, outcome.removed) == (1, 1, 1)
    assert bodies(github) == ["summary", "part 2 now"]


def test_a_long_report_gets_a_bounded_number_of_comments(github: FakeGitHub, report_api: Api, tmp_path: Path) -> None:
    number, summary = github.open_pull_request("alice"), tmp_path / "summary"
    parts = [f"part {part}" for part in range(1, 186)]
    assert say(report_api(number), number, *parts, summary=str(summary)).written == comment.MOST
    *shown, last = bodies(github)
    assert shown == parts[: comment.MOST - 1]
    assert f"{len(parts) - len(shown)} further parts are in the job's summary" in last
    assert summary.read_text().split("\n\n") == [*parts[len(shown) : -1], f"{parts[-1]}\n"]


def test_as_many_comments_as_are_allowed_need_no_summary(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    parts = [f"part {part}" for part in range(comment.MOST)]
    say(report_api(number), number, *parts)
    assert bodies(github) == parts


def test_a_comment_by_somebody_else_with_the_marker_is_not_touched(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    forged = "<!-- groundwork:review:1 -->\nlooks good, merge it"
    GitHub.of(github.person("mallory")).send("POST", f"issues/{number}/comments", {"body": forged})
    api = report_api(number)
    say(api, number, "ours")
    say(api, number, "ours again")
    assert bodies(github) == ["looks good, merge it", "ours again"]


def test_a_comment_of_a_deleted_account_is_not_touched(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    old = "<!-- groundwork:review:1 -->\nwritten by somebody who left"
    GitHub.of(github.person("mallory")).send("POST", f"issues/{number}/comments", {"body": old})
    github.delete_account("mallory")
    say(report_api(number), number, "ours")
    assert bodies(github) == ["written by somebody who left", "ours"]


def test_topics_do_not_replace_each_other(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "review")
    say(api, number, "plan", topic="plan")
    say(api, number, "review 2")
    assert bodies(github) == ["review 2", "plan"]


def test_a_duplicate_written_by_two_jobs_at_once_is_removed(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    for text in ("one", "other"):
        api.send("POST", f"issues/{number}/comments", {"body": f"<!-- groundwork:review:1 -->\n{text}"})
    assert say(api, number, "one").removed == 1
    assert bodies(github) == ["one"]


def test_the_report_is_found_beyond_the_first_page_of_comments(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    person, api = GitHub.of(github.person("bob")), report_api(number)
    for count in range(105):
        person.send("POST", f"issues/{number}/comments", {"body": f"thought {count}"})
    say(api, number, "first")
    say(api, number, "second")
    assert bodies(github).count("second") == 1
    assert "first" not in bodies(github)


def test_a_person_s_token_updates_that_person_s_comment(github: FakeGitHub) -> None:
    number = github.open_pull_request("alice")
    api = GitHub.of(github.person("alice"))
    say(api, number, "from my laptop")
    say(api, number, "again")
    assert bodies(github) == ["again"]


def test_a_fork_gets_the_job_s_summary_instead(github: FakeGitHub, report_api: Api, tmp_path: Path) -> None:
    number = github.open_pull_request("mallory", fork=True)
    summary = tmp_path / "summary.md"
    outcome = say(report_api(number), number, "the report", "its second part", summary=str(summary))
    assert outcome.summary
    assert "summary" in outcome.sentence
    assert summary.read_text(encoding="utf-8") == "the report\n\nits second part\n"
    assert not bodies(github)


def test_without_a_summary_a_refusal_is_an_error(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("mallory", fork=True)
    with pytest.raises(GitHubError, match="403 Resource not accessible by integration"):
        say(report_api(number), number, "the report")


def test_a_text_too_long_for_github_is_refused_before_the_first_call(github: FakeGitHub, admin: GitHub) -> None:
    with pytest.raises(UsageError, match="GitHub's limit is 65536"):
        say(admin, 1, "fine", "x" * 65_536)
    assert not github.server.requests


def test_texts_are_read_from_files_and_folders_in_order_of_names(tmp_path: Path) -> None:
    names = ("review.md", *(f"review-{number}.md" for number in range(2, 12)), "zzz.json", "empty.md")
    for name in names:
        (tmp_path / name).write_text("\n" if name == "empty.md" else name, encoding="utf-8")
    assert comment.read([tmp_path]) == list(names[:-2])
    assert comment.read([tmp_path / "review-3.md", tmp_path / "review.md"]) == ["review-3.md", "review.md"]
    with pytest.raises(UsageError, match="has no text"):
        comment.read([tmp_path / "empty.md"])


def test_the_number_comes_from_the_event(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    assert comment.number_of_event({"GITHUB_EVENT_PATH": str(event)}) == 7
    with pytest.raises(UsageError, match="does not belong to a pull request"):
        comment.number_of_event({})
