"""A pull request has one comment of ours, whatever was said before, and nobody else's is touched."""

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
    """Comments without their marker."""
    return [str(one["body"]).partition(" -->\n")[2] or str(one["body"]) for one in github.state.comments.values()]


def say(api: GitHub, number: int, *texts: str, topic: str = "review", summary: str = "") -> comment.Outcome:
    return comment.say(api, number, texts, topic=topic, summary=summary)


def test_a_comment_is_written_once_and_then_updated_in_place(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "first")
    identity = list(github.state.comments)
    assert say(api, number, "second").written == 1
    assert bodies(github) == ["second"]
    assert list(github.state.comments) == identity


def test_the_same_text_again_makes_no_call_that_writes(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "same")
    before = len(github.server.requests)
    assert say(api, number, "same").unchanged == 1
    assert all(one.startswith("GET") for one in github.server.requests[before:])


def test_a_split_review_grows_and_shrinks_in_order(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "summary", "part 2", "part 3")
    assert bodies(github) == ["summary", "part 2", "part 3"]
    outcome = say(api, number, "summary", "part 2 now")
    assert (outcome.unchanged, outcome.written, outcome.removed) == (1, 1, 1)
    assert bodies(github) == ["summary", "part 2 now"]


def test_nobody_else_s_comment_is_touched_even_with_our_marker(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    theirs = "<!-- groundwork:review:1 -->\nlooks good, merge it"
    GitHub.of(github.person("mallory")).send("POST", f"issues/{number}/comments", {"body": theirs})
    api = report_api(number)
    say(api, number, "ours")
    say(api, number, "ours again")
    assert bodies(github) == ["looks good, merge it", "ours again"]


def test_topics_do_not_replace_each_other(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    say(api, number, "review")
    say(api, number, "plan", topic="plan")
    say(api, number, "review 2")
    assert bodies(github) == ["review 2", "plan"]


def test_of_two_comments_that_two_jobs_wrote_at_once_one_is_left(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    api = report_api(number)
    for text in ("one", "other"):
        api.send("POST", f"issues/{number}/comments", {"body": f"<!-- groundwork:review:1 -->\n{text}"})
    assert say(api, number, "one").removed == 1
    assert bodies(github) == ["one"]


def test_more_comments_than_a_page_holds_hide_ours_no_more(github: FakeGitHub, report_api: Api) -> None:
    number = github.open_pull_request("alice")
    person, api = GitHub.of(github.person("bob")), report_api(number)
    for count in range(105):
        person.send("POST", f"issues/{number}/comments", {"body": f"thought {count}"})
    say(api, number, "first")
    say(api, number, "second")
    assert bodies(github).count("second") == 1
    assert "first" not in bodies(github)


def test_a_person_s_own_token_finds_that_person_s_comments(github: FakeGitHub) -> None:
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


def test_a_part_that_github_would_not_take_is_refused_before_the_first_call(github: FakeGitHub, admin: GitHub) -> None:
    with pytest.raises(UsageError, match="GitHub takes 65536"):
        say(admin, 1, "fine", "x" * 65_536)
    assert not github.server.requests


def test_texts_come_from_files_and_folders_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = ("review.md", *(f"review-{number}.md" for number in range(2, 12)), "zzz.json", "empty.md")
    for name in names:
        (tmp_path / name).write_text("\n" if name == "empty.md" else name, encoding="utf-8")
    assert comment.read([tmp_path]) == list(names[:-2])
    assert comment.read([tmp_path / "review-3.md", tmp_path / "review.md"]) == ["review-3.md", "review.md"]
    with pytest.raises(UsageError, match="nothing to say"):
        comment.read([tmp_path / "empty.md"])


def test_the_number_comes_from_the_event(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    assert comment.number_of_event({"GITHUB_EVENT_PATH": str(event)}) == 7
    with pytest.raises(UsageError, match="about no pull request"):
        comment.number_of_event({})
