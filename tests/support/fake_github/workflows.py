"""Reads workflow files: the permissions and environments of their jobs, and of jobs in workflows that they call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

# Workflow syntax for GitHub Actions, `permissions`.
SCOPES = (
    "actions", "artifact-metadata", "attestations", "checks", "contents", "deployments", "discussions", "id-token",
    "issues", "models", "packages", "pages", "pull-requests", "security-events", "statuses",
)  # fmt: skip
_RANK = {"none": 0, "read": 1, "write": 2}
_EXPRESSION = re.compile(r"\$\{\{\s*(?P<path>[\w.-]+)\s*\}\}")

Permissions = dict[str, str]


class WorkflowInvalid(Exception):
    """GitHub would not start a run of this workflow; the text is what it shows."""


@dataclass(frozen=True)
class WorkflowJob:
    """One job that runs steps. `path` is its id, below the ids of the jobs that call its workflow: `deploy/apply`."""

    path: str
    file: str
    """Path of the workflow file that holds it: `.github/workflows/deploy.yml`."""
    ref: str
    """The ref at which the file is called (`uses: owner/repo/…@main`); empty if it is the run's own."""
    permissions: Permissions
    environment: str
    """As written: it may hold expressions."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    """What GitHub shows, below its callers: `dev / apply / Apply dev`."""

    @property
    def id(self) -> str:
        """Its own id, which is GITHUB_JOB."""
        return self.path.rpartition("/")[2]

    def environment_name(self, matrix: Mapping[str, str]) -> str:
        """The environment with its expressions filled in from inputs and `matrix`; raises ValueError for others."""
        values = {f"matrix.{key}": value for key, value in matrix.items()}
        name = _filled(_filled(self.environment, _named(self.inputs)), values)
        if unknown := _EXPRESSION.search(name):
            raise ValueError(
                f"{unknown[0]} in environment: has no value here; pass it as matrix or as an input of the run"
            )
        return name


def _named(inputs: Mapping[str, str]) -> dict[str, str]:
    return {f"inputs.{key}": value for key, value in inputs.items()}


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Replace the expressions that have a value; the others stay as they are."""
    return _EXPRESSION.sub(lambda match: values.get(match["path"], match[0]), text)


@dataclass(frozen=True)
class Workflow:
    file: str
    name: str
    events: frozenset[str]
    document: Mapping[str, Any]


class Workflows:
    """The workflow files of a folder, read for every run so that a test may change them."""

    def __init__(self, folder: Path | None, repository: str) -> None:
        self._folder = folder
        self._repository = repository

    def all(self) -> list[Workflow]:
        return [self.read(path.name) for path in sorted(self._folder.glob("*.y*ml"))] if self._folder else []

    def read(self, name: str) -> Workflow:
        """The workflow in a file of the folder."""
        assert self._folder is not None, "this FakeGitHub has no folder of workflows"
        # GitHub reads YAML 1.2, where `on` is text and not a boolean.
        document = YAML(typ="safe", pure=True).load((self._folder / name).read_text(encoding="utf-8"))
        on = document["on"]
        events = frozenset([on] if isinstance(on, str) else on)
        return Workflow(f".github/workflows/{name}", str(document.get("name", name)), events, document)

    def jobs(
        self, workflow: Workflow, default: Permissions, inputs: Mapping[str, str] | None = None
    ) -> dict[str, WorkflowJob]:
        """Every job by path. `default` applies where neither the job nor its file has `permissions`.

        `inputs` are those of a run that was started by hand.
        """
        values = {**_defaults(workflow, "workflow_dispatch"), **(inputs or {})}
        return {job.path: job for job in self._jobs(workflow, default, None, "", "", values)}

    def _jobs(
        self,
        workflow: Workflow,
        default: Permissions,
        most: Permissions | None,
        above: str,
        ref: str,
        inputs: Mapping[str, str],
    ) -> list[WorkflowJob]:
        jobs = []
        top = _permissions(workflow.document.get("permissions"))
        for name, job in workflow.document["jobs"].items():
            own = _permissions(job.get("permissions"))
            granted = own if own is not None else top if top is not None else default
            if most is not None:
                _within(name, granted, most)
            path = f"{above}{name}"
            if "uses" in job:
                called, called_ref = self._called(str(job["uses"]), ref)
                # A called workflow sees only the inputs that its caller passes on.
                called_inputs = {
                    key: _filled(str(value), _named(inputs)) for key, value in (job.get("with") or {}).items()
                }
                called_inputs = {**_defaults(called, "workflow_call"), **called_inputs}
                jobs += self._jobs(called, granted, granted, f"{path}/", called_ref, called_inputs)
                continue
            environment = job.get("environment", "")
            name_of = str(environment.get("name", "")) if isinstance(environment, Mapping) else str(environment)
            shown = " / ".join([*above.split("/")[:-1], _filled(str(job.get("name", name)), _named(inputs))])
            jobs.append(WorkflowJob(path, workflow.file, ref, granted, name_of, inputs, shown))
        return jobs

    def _called(self, uses: str, ref: str) -> tuple[Workflow, str]:
        path, _, at = uses.partition("@")
        if path.startswith("./"):
            return self.read(path.rpartition("/")[2]), ref
        if not path.startswith(f"{self._repository}/"):
            raise WorkflowInvalid(f"{uses}: the fake knows reusable workflows of {self._repository} only")
        return self.read(path.rpartition("/")[2]), at if at.startswith("refs/") else f"refs/heads/{at}"


def _defaults(workflow: Workflow, event: str) -> dict[str, str]:
    on = workflow.document["on"]
    declared = ((on.get(event) or {}).get("inputs") or {}) if isinstance(on, Mapping) else {}
    return {name: str(about["default"]) for name, about in declared.items() if about and "default" in about}


def _permissions(written: Any) -> Permissions | None:
    """What a `permissions:` key grants; scopes that it does not name get no access. None without that key."""
    if written is None:
        return None
    if isinstance(written, str):
        level = {"read-all": "read", "write-all": "write"}[written]
        # id-token has no level `read`.
        return {scope: level for scope in SCOPES if level == "write" or scope != "id-token"}
    unknown = set(written) - set(SCOPES)
    if unknown:
        raise WorkflowInvalid(f"Unexpected value {sorted(unknown)} in permissions")
    return {scope: level for scope, level in written.items() if level != "none"}


def _within(name: str, requested: Permissions, most: Permissions) -> None:
    for scope, level in requested.items():
        allowed = most.get(scope, "none")
        if _RANK[level] > _RANK[allowed]:
            raise WorkflowInvalid(
                f"Error calling workflow: the nested job '{name}' is requesting '{scope}: {level}', but is only "
                f"allowed '{scope}: {allowed}'."
            )


def read_only(permissions: Permissions) -> Permissions:
    """The permissions of a run for a fork's pull request or for Dependabot."""
    return {scope: "read" for scope in permissions if scope != "id-token"}


def default_permissions(level: str) -> Permissions:
    """What a job without `permissions` gets under the repository's setting, `read` or `write`."""
    if level == "write":
        return {scope: "write" for scope in SCOPES if scope != "id-token"}
    return {"contents": "read", "packages": "read"}


def grants(permissions: Permissions, scope: str, level: str) -> bool:
    """Whether a token with these permissions has `scope: level`."""
    return scope == "metadata" or _RANK[permissions.get(scope, "none")] >= _RANK[level]
