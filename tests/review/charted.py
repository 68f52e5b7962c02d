"""Synthesised stacks with a Helm release of a chart, reviewed with the helm of this machine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from groundwork.paths import Project
from groundwork.review import checkout, make
from groundwork.review.charts import Charts
from groundwork.review.model import Review
from groundwork.review.rules import Policies
from groundwork.toolchain import go_tools
from tests.review.trees import STACK, resources, tree

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "charts" / "service"
DEPLOYMENT, ACCOUNT = "templates/deployment.yaml", "templates/serviceaccount.yaml"
VALUES = {"image": {"repository": "ghcr.io/example/hello", "tag": "1.2.3", "digest": "sha256:" + "a" * 64}}
Files = Mapping[str, str]


def helm() -> Path:
    """The helm of this machine; skips the test where it is missing."""
    tool = go_tools.find("helm", os.environ, Project(ROOT))
    if tool is None:
        pytest.skip("helm is neither on PATH nor built; `make setup` builds it")
    return tool.path


def service(*edits: tuple[str, str, str]) -> dict[str, str]:
    """The files of charts/service, each edit (file, text, other text) made once."""
    files = {path.relative_to(SERVICE).as_posix(): path.read_text() for path in SERVICE.rglob("*") if path.is_file()}
    for file, text, other in edits:
        assert text in files[file], f"{file} has no {text}"
        files[file] = files[file].replace(text, other, 1)
    return files


def folder(where: Path, files: Files, body: Mapping[str, Any] | None = None) -> Path:
    """A folder laid out for a review, with a release of this chart; `body` are arguments of the release."""
    return folders(where, files, {STACK: body or {}})


def folders(where: Path, files: Files, bodies: Mapping[str, Mapping[str, Any]]) -> Path:
    """The same with several stacks: stack → arguments of its release."""
    chart = f"assets/chart/{hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()}"
    release = {"name": "hello", "namespace": "shop", "chart": f"./{chart}", "values": [json.dumps(VALUES)]}
    stacks = {stack: resources(helm_release={"hello": {**release, **body}}) for stack, body in bodies.items()}
    out = tree(where / "out", stacks)
    for stack in stacks:
        for name, text in files.items():
            path = out / "stacks" / stack / chart / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return checkout.copy_synthesised(out, where / "kept", environments=["dev", "prod"])


def reviewed(base: Path, head: Path, charts: Charts | None = None, policies: Policies | None = None) -> Review:
    """The review of two such folders, by default with this machine's helm and without rules of an organisation."""
    names = "b" * 40, "a" * 40
    return make.make(base, head, names=names, charts=charts or Charts(helm), policies=policies)[0]
