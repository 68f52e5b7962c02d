"""Secrets in synthesised Terraform: what looks like one, and canaries, which only a leak can bring there."""

from __future__ import annotations

import base64
import re
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from groundwork import credential_forms
from groundwork.preflight import Violation, document
from groundwork.refusals import Code
from groundwork.review import baked
from groundwork.review.redaction import Redactor

_ZIP_MEMBER_LIMIT = 64 * 1024 * 1024  # bytes; a larger member is read up to here, against zip bombs

CANARY_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "DATABASE_URL",
    "DB_PASSWORD",
    "PGPASSWORD",
    "POSTGRES_PASSWORD",
    "MONGODB_URI",
    "API_KEY",
    "API_TOKEN",
    "PASSWORD",
    "SECRET",
    "TOKEN",
    "SSH_PRIVATE_KEY",
)
"""Environment variables that hold secrets in pipelines and shells; none of their values may appear in the output."""
_READ_IN_CODE = re.compile(r"""(?:environ(?:\.get\(|\[)|getenv\()\s*['"]([A-Za-z_][A-Za-z0-9_]*)['"]""")
_NOT_A_VALUE = {"CDKTF_OUTDIR", "PATH", "HOME", "SYNTH_HCL_OUTPUT", "GROUNDWORK_SYNTH", "NODE_OPTIONS", "JSII_NODE"}


def canaries(*code: Path) -> dict[str, str]:
    """A random value for every variable that could hold a secret: the known ones, and those that `code` reads."""
    read = {
        name
        for folder in code
        for file in ([folder] if folder.is_file() else folder.rglob("*.py"))
        for name in _READ_IN_CODE.findall(file.read_text(encoding="utf-8", errors="replace"))
    }
    return {name: f"canary-{secrets.token_hex(12)}" for name in sorted({*CANARY_VARIABLES, *read} - _NOT_A_VALUE)}


def check_patterns(folder: Path) -> Iterator[Violation]:
    """Violations by anything in a folder that looks like a credential, members of zips included."""
    for name, content in _contents(folder):
        if zipfile.is_zipfile(BytesIO(content)):
            continue  # compressed bytes can look like anything; the members are checked instead
        kinds = {credential.what for credential in credential_forms.find(content.decode(errors="replace"))}
        for what in sorted(kinds):
            yield Violation(Code.BAKED_SECRET, f"{name} holds what looks like a credential: {what}")


def check_literals(terraform: Mapping[str, Any]) -> Iterator[Violation]:
    """Violations by literals that a review would hide, outside of arguments that the provider's schema calls sensitive.

    A name such as DB_PASSWORD tells, whatever the value looks like: pairs of name and value, environments, Helm values.
    """
    redactor = Redactor()
    for section, prefix in (("resource", ""), ("data", "data.")):
        for (type_, name), body in document.blocks(terraform.get(section, {}), 2):
            kind = f"{prefix}{type_}"
            for path in baked.outside_sensitive(kind, redactor.resource(kind, body)):
                yield Violation(Code.BAKED_SECRET, f"{kind}.{name}: {path} looks like a secret in plain text")
    for (name,), body in document.blocks(terraform.get("output", {}), 1):
        if baked.literals(redactor.value(body.get("value"), name=name)):
            yield Violation(Code.BAKED_SECRET, f"output {name} looks like a secret in plain text")


def check_canaries(folder: Path, planted: Mapping[str, str]) -> Iterator[Violation]:
    """Violations by canaries of environment variables that a folder holds, plain or encoded."""
    forms = {variable: set(_forms(value)) for variable, value in planted.items()}
    for name, content in _contents(folder):
        for variable, encoded in forms.items():
            if any(form in content for form in encoded):
                yield Violation(Code.BAKED_SECRET, f"{name} holds the value of the environment variable {variable}")


def _forms(value: str) -> Iterator[bytes]:
    raw = value.encode()
    yield raw
    yield raw[::-1]
    yield raw.hex().encode()
    yield quote(value, safe="").encode()
    # base64 encodes three bytes at a time, so a value has three encodings, by where in such a group it begins.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        yield encoded[4 if shift else 0 : -4]
        yield base64.urlsafe_b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        yield name, content
        if zipfile.is_zipfile(BytesIO(content)):
            with zipfile.ZipFile(BytesIO(content)) as archive:
                for member in archive.infolist():
                    if member.is_dir() or _is_dependency(member.filename):
                        continue
                    with archive.open(member) as stream:
                        yield f"{name}:{member.filename}", stream.read(_ZIP_MEMBER_LIMIT)


def _is_dependency(member: str) -> bool:
    # The lock pins wheels by hash, and libraries contain example keys; our own modules lie at the top level.
    return "/" in member and not member.endswith((".env", ".pem", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg"))
