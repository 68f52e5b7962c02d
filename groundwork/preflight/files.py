"""Checks the files in a stack's folder and those that its Terraform reads from the job's disk.

A file function would put any file of the runner, credentials included, into a plan. So would a link in the folder, or
an argument whose file is uploaded, such as a Lambda function's zip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from groundwork.preflight import Violation, document
from groundwork.refusals import Code

# What Terraform and cdktf leave behind is not listed: a job starts with a folder that nobody has planned in.
_KNOWN = {"cdk.tf.json", ".terraform.lock.hcl", "origins.json", "waivers.json", "assets"}
# templatefile and templatestring evaluate text that this check cannot see; the others read a path.
_INDIRECT = {"templatefile", "templatestring"}
_READING = {
    "file", "filebase64", "filebase64sha256", "filebase64sha512", "filemd5", "filesha1", "filesha256", "filesha512",
    "fileexists", "fileset",
}  # fmt: skip
_CALL = re.compile(r"\b([a-z0-9]+)\s*\(")
_LITERAL = re.compile(r'\s*"((?:[^"\\$%]|\\.)*)"\s*[,)]')
_COMMENT = re.compile(r"/\*.*?\*/|#[^\n]*|//[^\n]*", re.DOTALL)
_PATHS = {
    ("aws_lambda_function", "filename"),
    ("aws_lambda_layer_version", "filename"),
    ("aws_s3_object", "source"),
    ("aws_s3_bucket_object", "source"),
    ("aws_synthetics_canary", "zip_file"),
    ("aws_gamelift_script", "zip_file"),
    ("helm_release", "chart"),
    ("helm_release", "keyring"),
    ("helm_release", "repository_ca_file"),
    ("helm_release", "repository_cert_file"),
    ("helm_release", "repository_key_file"),
}


def check_folder(folder: Path, locks: frozenset[bytes]) -> Iterator[Violation]:
    """Violations among the files of a stack's folder; `locks` are the contents of main's lock files."""
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
    lock = folder / ".terraform.lock.hcl"
    if lock.is_file() and lock.read_bytes() not in locks:
        yield Violation(Code.LOCK_FILE_DIFFERS, "its provider lock is not one that is committed on main")


def check(terraform: Mapping[str, Any]) -> Iterator[Violation]:
    """Violations in file functions and arguments that name files."""
    for path, text in document.strings(terraform):
        for function in _reads(text):
            yield Violation(Code.FILE_OUTSIDE_STACK, f"{_short(path)} calls {function}() on a file outside the stack")
    for (kind, name), body in document.blocks(terraform.get("resource", {}), 2):
        for key, value in body.items():
            if (kind, key) in _PATHS and not _inside(value):
                yield Violation(Code.FILE_OUTSIDE_STACK, f"{kind}.{name}.{key} is not a path inside the stack's folder")


def _reads(text: str) -> Iterator[str]:
    if "${" not in text and "%{" not in text:
        return
    code = _COMMENT.sub(" ", text)
    # With and without what looks like a comment: inside a string of the expression it is text.
    for variant in {code, text}:
        for call in _CALL.finditer(variant):
            function = call[1]
            if function in _INDIRECT:
                yield function
            elif function in _READING:
                argument = _LITERAL.match(variant, call.end())
                if not argument or not _inside(argument[1]):
                    yield function


def _inside(value: object) -> bool:
    if not isinstance(value, str) or "${" in value or "%{" in value or "\\" in value or not value:
        return False
    path = PurePosixPath(value)
    return ".." not in path.parts and path.parts[:1] == ("assets",)


def _short(path: str) -> str:
    return path if len(path) <= 120 else f"{path[:117]}…"
