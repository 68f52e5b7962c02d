"""Writes a new owner's organisation, accounts, regions and domain to the environment files, for `gw init`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from stacks.values.aws_scope import AwsScope
from stacks.values.loader import load
from stacks.values.model import LAPTOP_ACCOUNT


@dataclass(frozen=True)
class Answers:
    """Answers to `gw init`. `accounts`, `archives`: environment → account number; `domain`: a DNS zone.
    `cluster_role`: name of the role, in each account, of the people who administer the clusters.

    `regions` are those of single environments; the others move to `region`, or stay where they are if it is empty.
    """

    organisation: str
    region: str
    accounts: Mapping[str, str]
    archives: Mapping[str, str]
    repository: str
    domain: str | None = None
    cluster_role: str | None = None
    regions: Mapping[str, str] = field(default_factory=dict)


def fill(folder: Path, answers: Answers) -> list[Path]:
    """Rewrite the files of a folder in place, and keep their comments; returns the changed files.

    Every file is validated as an environment before the first one is replaced, so that a wrong answer changes nothing.
    Raises EnvironmentFileError for an answer that an environment cannot have.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    pending: list[tuple[Path, Path]] = []
    try:
        for path in sorted(folder.glob("*.yaml")):
            before = path.read_text(encoding="utf-8")
            document = yaml.load(before)
            _answer(document, path.stem, answers)
            draft_folder = folder / ".draft"
            draft_folder.mkdir(exist_ok=True)
            draft = draft_folder / path.name
            with draft.open("w", encoding="utf-8") as stream:
                yaml.dump(document, stream)
            load(draft)
            if draft.read_text(encoding="utf-8") != before:
                pending.append((draft, path))
        for draft, path in pending:
            os.replace(draft, path)  # noqa: PTH105 - atomic on one file system
    finally:
        for leftover in (folder / ".draft").glob("*"):
            leftover.unlink()
        if (folder / ".draft").exists():
            (folder / ".draft").rmdir()
    return [path for _, path in pending]


def _answer(document: CommentedMap, name: str, answers: Answers) -> None:
    document["organisation"] = answers.organisation
    document["region"] = answers.regions.get(name) or answers.region or document["region"]
    if document["accounts"]["main"]["id"] == LAPTOP_ACCOUNT:
        return
    old = document["accounts"]["main"]["id"]
    new = DoubleQuotedScalarString(answers.accounts[name])
    document["accounts"]["main"]["id"] = new
    document["accounts"]["archive"]["id"] = DoubleQuotedScalarString(answers.archives[name])
    document.setdefault("singletons", CommentedMap())["github_repository"] = answers.repository
    for entry in document.get("cluster", {}).get("access", {}).values():
        entry["principal_arn"] = entry["principal_arn"].replace(old, new)
    if answers.cluster_role:
        partition = AwsScope(account=str(new), region=document["region"], protect=False).partition
        principal = f"arn:{partition}:iam::{new}:role/{answers.cluster_role}"
        cluster = document.setdefault("cluster", CommentedMap())
        access = cluster.setdefault("access", CommentedMap())
        access["people"] = CommentedMap(principal_arn=principal, policy="cluster_admin")
    if answers.domain:
        document["api"]["domain"] = CommentedMap(name=f"api.{name}.{answers.domain}", zone=f"{name}.{answers.domain}")
