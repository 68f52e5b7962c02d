"""What the labels of a merged pull request say about its commit: a person put them there where others can see them."""

from __future__ import annotations

from groundwork.github.api import GitHub


def of_commit(api: GitHub, commit: str) -> frozenset[str]:
    """The labels of the pull requests that were merged as this commit, or with it; one that is still open says nothing.

    The job needs `permissions: {pull-requests: read}`.
    """
    pulls = api.pages(f"commits/{commit}/pulls", needs="pull-requests: read")
    return frozenset(str(label["name"]) for pull in pulls if pull.get("merged_at") for label in pull["labels"])
