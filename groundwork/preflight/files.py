"""Checks the files in a stack's folder and the arguments that name files, such as a Lambda function's zip.

A link or a path out of the folder would put any file of the runner, credentials included, into a plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path, PurePosixPath
from typing import Any

from groundwork.preflight import Violation, document
from groundwork.refusals import Code

# What Terraform and cdktf leave behind is not listed: a job starts with a folder that nobody has planned in.
_KNOWN = {"cdk.tf.json", ".terraform.lock.hcl", "origins.json", "waivers.json", "assets"}
# Arguments of these names are paths of local files wherever the AWS provider has them; so is `source` of these types.
_PATH_ARGUMENTS = {"filename", "zip_file"}
_EXACT = re.compile(r"\d+\.\d+\.\d+")
_PATHS = {("aws_s3_object", "source"), ("aws_s3_bucket_object", "source"), ("helm_release", "chart")}


def check_folder(folder: Path) -> Iterator[Violation]:
    """Violations among the files of a stack's folder."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield Violation(Code.FILE_OUTSIDE_STACK, f"{name} is a link")
        elif not (path.is_file() or path.is_dir()):
            yield Violation(Code.FILE_NOT_ALLOWED, f"{name} is neither a file nor a folder")
    for path in sorted(folder.iterdir()):
        # Terraform reads every *.tf, *.tf.json, *.tfvars and override file of the folder.
        if path.name not in _KNOWN:
            yield Violation(Code.FILE_NOT_ALLOWED, f"{path.name} is not a file that synthesis writes")


def check(terraform: Mapping[str, Any], folder: Path, charts: Set[str]) -> Iterator[Violation]:
    """Violations in arguments that name files; `folder` is the stack's. A plan may fetch `charts`, and no others."""
    for (kind, name), body in document.blocks(terraform.get("resource", {}), 2):
        for key, value in _paths(kind, body):
            if kind == "helm_release" and value in charts:
                if not _EXACT.fullmatch(str(body.get("version", ""))):
                    yield Violation(Code.ARGUMENT_NOT_ALLOWED, f"{kind}.{name}.version is not exact, as 1.2.3 is")
            elif not _inside(value):
                yield Violation(Code.FILE_OUTSIDE_STACK, f"{kind}.{name}.{key} is not a path inside the stack's folder")
            elif kind == "helm_release" and not (folder / str(value)).is_dir():
                # Helm would look for a chart of this name in the repositories of the machine.
                yield Violation(Code.FILE_OUTSIDE_STACK, f"{kind}.{name}.{key} is not a folder of the stack")


def _paths(kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield from ((key, value) for key, value in body.items() if (kind, key) in _PATHS)
    if kind.startswith("aws_"):
        yield from ((key, value) for key, value in document.entries(body) if key in _PATH_ARGUMENTS)


def _inside(value: object) -> bool:
    if not isinstance(value, str) or "${" in value or "%{" in value or "\\" in value or not value:
        return False
    path = PurePosixPath(value)
    return ".." not in path.parts and path.parts[:1] == ("assets",)
