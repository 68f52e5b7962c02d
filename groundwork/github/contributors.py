"""Whose yes does not count: whoever had a hand in what is deployed, or in starting the deployment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub

# What GitHub itself signs with where a button was pressed; no person.
_MACHINES = {"web-flow"}
_CO_AUTHOR = re.compile(r"^co-authored-by:.*<(?P<email>[^<>\s]+)>\s*$", re.IGNORECASE | re.MULTILINE)
_NOREPLY = re.compile(r"^(?:\d+\+)?(?P<login>[A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.github\.com$", re.IGNORECASE)


def contributors(api: GitHub, run: Mapping[str, Any], commit: str) -> dict[str, str]:
    """Login → why: authors and committers of the commit and of its pull requests' commits, co-authors whose address
    belongs to a login, authors and mergers of the pull requests, who started the run and who started it again.

    Raises GitHubError where the run is of another commit: its people would not be those of what is applied.
    """
    if run["head_sha"] != commit:
        raise GitHubError(
            f"run {run['id']} is of commit {run['head_sha']}, not of {commit}",
            fix="apply in the run that planned this commit",
        )
    people: dict[str, str] = {}
    for pull in _pulls(api, commit):
        number = pull["number"]
        _add(people, pull["user"], f"author of pull request #{number}")
        _add(people, pull["merged_by"], f"merged pull request #{number}")
        _of_commits(people, _commits(api, pull))
    _of_commits(people, [api.get(f"commits/{commit}", needs="contents: read")])
    _add(people, run["actor"], f"started run {run['id']}")
    _add(people, run["triggering_actor"], f"started run {run['id']} again")
    return people


def _pulls(api: GitHub, commit: str) -> list[Any]:
    listed = api.pages(f"commits/{commit}/pulls", needs="pull-requests: read")
    # The list lacks `merged_by` and `commits`.
    return [api.get(f"pulls/{pull['number']}", needs="pull-requests: read") for pull in listed]


def _commits(api: GitHub, pull: Mapping[str, Any]) -> list[Any]:
    found = list(api.pages(f"pulls/{pull['number']}/commits", needs="pull-requests: read"))
    if len(found) < pull["commits"]:
        # This list ends at 250; the comparison has all, and rather too many than too few.
        between = f"compare/{pull['base']['sha']}...{pull['head']['sha']}"
        found += list(api.pages(between, key="commits", needs="contents: read"))
    return found


def _of_commits(people: dict[str, str], commits: Iterable[Mapping[str, Any]]) -> None:
    commits = list(commits)
    known = {
        str(one["commit"][role]["email"]).lower(): one[role]["login"]
        for one in commits
        for role in ("author", "committer")
        if one.get(role) and one["commit"].get(role)
    }
    for one in commits:
        short = str(one["sha"])[:7]
        _add(people, one.get("author"), f"author of commit {short}")
        _add(people, one.get("committer"), f"committed {short}")
        named = [one["commit"][role]["email"] for role in ("author", "committer") if one["commit"].get(role)]
        for email in (*named, *_CO_AUTHOR.findall(one["commit"]["message"])):
            login = known.get(email.lower()) or ((match := _NOREPLY.match(email)) and match["login"])
            if login:
                _add(people, {"login": login}, f"co-author of commit {short}")


def _add(people: dict[str, str], user: Mapping[str, Any] | None, why: str) -> None:
    """The first reason stays: it is the nearest to the change. Logins differ in case only on paper."""
    login = str(user["login"]) if user and user.get("login") else ""
    if login and login not in _MACHINES and login.lower() not in {one.lower() for one in people}:
        people[login] = why
