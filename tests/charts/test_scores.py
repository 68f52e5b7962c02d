"""kube-score judges the renders that were reviewed: what it would change is changed, or has a reason here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from groundwork.paths import Project
from groundwork.toolchain import go_tools
from tests.charts.test_service import GOLDEN, KUBERNETES

ALLOWED = {
    ("*", "CPU limit is not set"): "it would throttle a pod while its node has time to spare; requests share it fairly",
    ("*", "ImagePullPolicy is not set to Always"): "tags never move (latest is refused), digests pin bytes, and a "
    "registry that does not answer must not stop a restart",
    ("*", "Ephemeral Storage * is not set"): "what a pod writes is bounded without: /tmp by tmpSize, logs by the "
    "kubelet's rotation, and the rest of its file system is read-only",
    ("Deployment/hello", "Deployment does not have a host podAntiAffinity set"): "its topology spread constraints do "
    "that, and let two pods share the last node",
    ("Deployment/hello-pgadmin", "The pod has a container with a writable root filesystem"): "pgadmin writes its "
    "configuration beside its code",
    ("Deployment/hello-pgadmin", "The container* running with a low * ID"): "5050 is the user of pgadmin's image",
    ("Deployment/hello-pgadmin", "Deployment few replicas"): "a page for a person, with its sessions in one pod",
    ("Deployment/hello-pgadmin", "Container is missing a livenessProbe"): "a restart would end the person's session",
    ("Pod/hello-test", "The pod does not have a matching NetworkPolicy"): "it runs wget for seconds, on demand",
    ("NetworkPolicy/mongodb", "The NetworkPolicys selector doesn't match any pods"): "MongoDB's operator makes them",
}
"""Object and finding, as patterns → why it stays."""


_FAULTLESS = 10
"""The best grade, which has comments too (scorecard.GradeAllOK); 1 is critical, 5 a warning."""


@dataclass(frozen=True)
class Finding:
    """What kube-score would change about an object (Kind/name) of a render."""

    render: str
    object: str
    summary: str

    def is_allowed_by(self, allowed: tuple[str, str]) -> bool:
        return all(map(fnmatchcase, (self.object, self.summary), allowed))


@pytest.fixture(scope="module")
def score(checkout: Path) -> Callable[[Iterable[dict[str, Any]]], list[Finding]]:
    program = go_tools.ensure("kube-score", os.environ, Project(checkout)).path

    def judge(documents: Iterable[dict[str, Any]]) -> list[Finding]:
        done = subprocess.run(
            [program, "score", "--output-format=json", f"--kubernetes-version=v{KUBERNETES.rpartition('.')[0]}", "-"],
            input="\n---\n".join(map(json.dumps, documents)), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode in {0, 1}, done.stderr  # 1: something critical was found
        return [
            Finding(
                judged["object_meta"]["namespace"],
                f"{judged['type_meta']['kind']}/{judged['object_meta']['name']}",
                comment["summary"],
            )
            for judged in json.loads(done.stdout)
            for check in judged["checks"]
            if check["grade"] < _FAULTLESS and not check["skipped"]
            for comment in check["comments"] or ()
        ]

    return judge


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """The objects of all renders, each render in a namespace of its own, so that none makes up for another's lack."""
    read = []
    for file in sorted(GOLDEN.glob("*.yaml")):
        for document in YAML(typ="safe", pure=True).load_all(file.read_text()):
            if document:
                document["metadata"]["namespace"] = file.stem
                read.append(document)
    return read


@pytest.fixture(scope="module")
def findings(
    score: Callable[[Iterable[dict[str, Any]]], list[Finding]], documents: list[dict[str, Any]]
) -> list[Finding]:
    return score(documents)


def unexplained(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if not any(map(finding.is_allowed_by, ALLOWED))]


def test_kube_score_finds_nothing_without_a_reason(findings: list[Finding]) -> None:
    assert unexplained(findings) == []


def test_every_reason_is_still_needed(findings: list[Finding]) -> None:
    assert [each for each in ALLOWED if not any(finding.is_allowed_by(each) for finding in findings)] == []


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        ("NetworkPolicy", "The pod does not have a matching NetworkPolicy"),
        ("PodDisruptionBudget", "No matching PodDisruptionBudget was found"),
    ],
)
def test_a_render_that_lacks_an_object_is_found_though_others_have_it(
    score: Callable[[Iterable[dict[str, Any]]], list[Finding]],
    documents: list[dict[str, Any]],
    kind: str,
    summary: str,
) -> None:
    poorer = [each for each in documents if (each["metadata"]["namespace"], each["kind"]) != ("smallest", kind)]
    assert Finding("smallest", "Deployment/hello", summary) in unexplained(score(poorer))
