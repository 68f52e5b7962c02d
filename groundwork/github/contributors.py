"""Who contributed to a commit or started its deployment, so that their approval does not count; and its labels.

GitHub REST API (github/rest-api-description): "List pull requests associated with a commit" has the merged one of a
commit on the default branch; "List commits on a pull request" ends at 250 commits; "Compare two commits" is paginated
and does not (GitHub changelog, 2021-03-22). `author` and `committer` are null where the address belongs to no account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub
from groundwork.github.people import login_of

# GitHub's own committer for actions in its web interface.
_MACHINES = {"web-flow"}
_CO_AUTHOR = re.compile(r"^co-authored-by:.*<(?P<email>[^<>\s]+)>\s*$", re.IGNORECASE | re.MULTILINE)
_NOREPLY = re.compile(r"^(?:\d+\+)?(?P<login>[A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.github\.com$", re.IGNORECASE)


def contributors(api: GitHub, run: Mapping[str, Any], commit: str, *, since: str = "") -> dict[str, str]:
    """Login → why: authors and committers of the commits and of their pull requests' commits, co-authors whose address
    belongs to a login, authors and mergers of the pull requests, and who started the run or started it again.

    The commits are `commit` and, where something was applied before, all that came after that (`since`).
    Raises GitHubError where the run is of another commit, whose contributors are other people.
    """
    if run["head_sha"] != commit:
        raise GitHubError(
            f"run {run['id']} is of commit {run['head_sha']}, not of {commit}",
            fix="apply in the run that planned this commit",
        )
    people: dict[str, str] = {}
    commits = [api.get(f"commits/{commit}", needs="contents: read")]
    if since and since != commit:
        compared = api.pages(f"compare/{since}...{commit}", key="commits", needs="contents: read")
        commits += [other for other in compared if other["sha"] != commit]
    for pull in _pulls(api, [str(each["sha"]) for each in commits]):
        number = pull["number"]
        _add(people, pull["user"], f"author of pull request #{number}")
        _add(people, pull["merged_by"], f"merged pull request #{number}")
        _of_commits(people, _commits(api, pull))
    _of_commits(people, commits)
    _add(people, run["actor"], f"started run {run['id']}")
    _add(people, run["triggering_actor"], f"started run {run['id']} again")
    return people


def _pulls(api: GitHub, commits: Iterable[str]) -> list[Any]:
    lists = (api.pages(f"commits/{commit}/pulls", needs="pull-requests: read") for commit in commits)
    numbers = dict.fromkeys(pull["number"] for listed in lists for pull in listed)
    # The lists lack `merged_by` and `commits`.
    return [api.get(f"pulls/{number}", needs="pull-requests: read") for number in numbers]


def _commits(api: GitHub, pull: Mapping[str, Any]) -> list[Any]:
    commits = list(api.pages(f"pulls/{pull['number']}/commits", needs="pull-requests: read"))
    if len(commits) < pull["commits"]:
        # This list ends at 250; the comparison has all of them, and possibly more, which is harmless.
        between = f"compare/{pull['base']['sha']}...{pull['head']['sha']}"
        commits += list(api.pages(between, key="commits", needs="contents: read"))
    return commits


def _of_commits(people: dict[str, str], commits: Iterable[Mapping[str, Any]]) -> None:
    commits = list(commits)
    known = {
        str(commit["commit"][role]["email"]).lower(): login_of(commit[role])
        for commit in commits
        for role in ("author", "committer")
        if login_of(commit.get(role)) and commit["commit"].get(role)
    }
    for commit in commits:
        short = str(commit["sha"])[:7]
        _add(people, commit.get("author"), f"author of commit {short}")
        _add(people, commit.get("committer"), f"committed {short}")
        named = [commit["commit"][role]["email"] for role in ("author", "committer") if commit["commit"].get(role)]
        for email in (*named, *_CO_AUTHOR.findall(commit["commit"]["message"])):
            login = known.get(email.lower()) or ((match := _NOREPLY.match(email)) and match["login"])
            if login:
                _add(people, {"login": login}, f"co-author of commit {short}")


def _add(people: dict[str, str], user: Mapping[str, Any] | None, why: str) -> None:
    """The first reason stays, because it is the closest to the change. GitHub's logins ignore case."""
    login = login_of(user)
    if login and login not in _MACHINES and login.lower() not in {known.lower() for known in people}:
        people[login] = why


def labels_of_commit(api: GitHub, commit: str) -> frozenset[str]:
    """The labels of the pull requests that were merged as this commit, or with it; open pull requests do not count.

    The job needs `permissions: {pull-requests: read}`.
    """
    pulls = api.pages(f"commits/{commit}/pulls", needs="pull-requests: read")
    return frozenset(str(label["name"]) for pull in pulls if pull.get("merged_at") for label in pull["labels"])
