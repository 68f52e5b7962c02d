"""What the last successful run of a merged pull request showed of its plans, from that run's artifact.

The pull request's own code may have written the artifact: an artifact's name can be taken by any job of its run. So it
is a stranger's text. Its size is limited, one file of it is read in memory, and the result is only shown, escaped.

GitHub REST API (github/rest-api-description): "List pull requests associated with a commit" (`commits/SHA/pulls`,
`pull_requests: read`), "List workflow runs for a workflow" (`head_sha`, `event`, `status`), "List workflow run
artifacts" (`name`; `size_in_bytes`, `expired`, `digest`), and "Download an artifact" (`actions: read`), which answers
302 with an address elsewhere that is valid for one minute.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from groundwork.errors import GitHubError
from groundwork.github.api import GitHub
from groundwork.plan.attributes import Attributes

WORKFLOW = "pull-request.yml"
_MOST_BYTES = 20_000_000
"""Of the archive, and of the file in it: a report of several hundred resources has less than one million."""


class _Entry(BaseModel):
    """A stack in the output of `gw diff --json`, as far as it is needed here."""

    stack: str
    attributes: Attributes | None = None


class NotShown(Exception):
    """Why there is nothing to compare with, as the end of a sentence."""


def planned(api: GitHub, commit: str, environment: str) -> tuple[int, dict[str, Attributes]]:
    """The number of the pull request that was merged as `commit`, and stack → the changes that its run showed.

    The job needs `permissions: {actions: read, contents: read, pull-requests: read}`. Raises NotShown, also where
    GitHub does not answer or the artifact is not what `gw diff` writes.
    """
    try:
        pull = _pull(api, commit)
        packed = _download(api, _artifact(api, _run(api, str(pull["head"]["sha"])), environment))
    except GitHubError as error:
        raise NotShown(f"GitHub does not say what it showed: {error.message}") from error
    return int(pull["number"]), _read(packed, f"{environment}.json")


def _pull(api: GitHub, commit: str) -> Mapping[str, Any]:
    pulls = api.pages(f"commits/{commit}/pulls", needs="pull-requests: read")
    merged = [pull for pull in pulls if pull.get("merged_at") and pull.get("merge_commit_sha") == commit]
    if not merged:
        raise NotShown(f"no pull request was merged as {commit[:12]}")
    return dict(merged[0])


def _run(api: GitHub, head: str) -> str:
    runs = api.pages(
        f"actions/workflows/{WORKFLOW}/runs",
        key="workflow_runs",
        needs="actions: read",
        event="pull_request",
        status="success",
        head_sha=head,
    )
    ids = {int(run["run_number"]): str(run["id"]) for run in runs if run["head_sha"] == head}
    if not ids:
        raise NotShown(f"no run of {WORKFLOW} succeeded for its last commit {head[:12]}")
    return ids[max(ids)]


def _artifact(api: GitHub, run: str, environment: str) -> Mapping[str, Any]:
    name = f"report-{environment}"
    artifacts = api.pages(f"actions/runs/{run}/artifacts", key="artifacts", needs="actions: read", name=name)
    reports = sorted((each for each in artifacts if each["name"] == name), key=lambda each: int(each["id"]))
    if not reports or reports[-1]["expired"]:
        raise NotShown(f"run {run} has no artifact {name}" + (" any more: it expired" if reports else ""))
    if int(reports[-1]["size_in_bytes"]) > _MOST_BYTES:
        raise NotShown(f"artifact {name} of run {run} is larger than {_MOST_BYTES} bytes")
    return dict(reports[-1])


def _download(api: GitHub, artifact: Mapping[str, Any]) -> bytes:
    packed = bytearray()
    where = api.redirect(f"actions/artifacts/{artifact['id']}/zip", needs="actions: read")
    try:
        # A new client: the token is for GitHub's API alone.
        with httpx.Client(transport=api.transport, timeout=30.0) as client, client.stream("GET", where) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                packed += part
                if len(packed) > _MOST_BYTES:
                    raise NotShown(f"the artifact is larger than {_MOST_BYTES} bytes")
    except httpx.HTTPError as error:
        raise NotShown(f"its artifact cannot be downloaded ({type(error).__name__})") from error
    if artifact.get("digest") != f"sha256:{hashlib.sha256(packed).hexdigest()}":
        raise NotShown("its artifact does not have the digest that GitHub recorded")
    return bytes(packed)


def _read(packed: bytes, name: str) -> dict[str, Attributes]:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(name) as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise NotShown(f"{name} in its artifact is larger than {_MOST_BYTES} bytes")
        entries = TypeAdapter(list[_Entry]).validate_json(content, strict=True)
    except (
        KeyError,
        ValidationError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise NotShown(f"its artifact does not hold what gw diff writes as {name}") from error
    return {entry.stack: entry.attributes for entry in entries if entry.attributes}
