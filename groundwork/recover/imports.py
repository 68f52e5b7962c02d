"""Finds resources of the code that exist in AWS under their names and that no state has, with the ids for imports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from groundwork.errors import TerraformFailed
from groundwork.state import aws_session
from groundwork.state.adoption import TYPES, Finder, Import, provider_block


@dataclass(frozen=True)
class Lookup:
    """`imports` are the resources, `notes` say which could not be looked up, and why."""

    imports: tuple[Import, ...] = ()
    notes: tuple[str, ...] = ()


def search(
    session: boto3.Session, terraform: Mapping[str, Any], *, account: str, known: Collection[str], endpoint: str | None
) -> Lookup:
    """Look up every declared resource that is not among the `known` addresses, as its own provider would.

    `terraform` is the synthesised stack, `session` has the credentials of its backend, for `account`.
    """
    imports, notes = [], []
    finders: dict[str, Finder] = {}
    for kind, name, body in _declared(terraform):
        address = f"{kind}.{name}"
        if address in known:
            continue
        role = _role(terraform, body)
        try:
            if role not in finders:
                finders[role] = _finder(session, terraform, account, role, endpoint)
            id_ = finders[role].id_of(kind, name)
        except (BotoCoreError, ClientError, TerraformFailed) as error:
            notes.append(f"{address} could not be looked up: {error}")
            continue
        if id_ is not None:
            imports.append(Import(address, id_))
    return Lookup(tuple(imports), tuple(notes))


def _declared(terraform: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for kind, named in terraform.get("resource", {}).items():
        if kind in TYPES:
            for name, body in named.items():
                if not {"count", "for_each"} & body.keys():
                    yield kind, name, body


def _role(terraform: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    blocks = provider_block(terraform, body).get("assume_role", ())
    return next((str(block.get("role_arn", "")) for block in blocks), "")


def _finder(
    session: boto3.Session, terraform: Mapping[str, Any], account: str, role: str, endpoint: str | None
) -> Finder:
    if not role:
        return Finder(session, terraform, account, endpoint)
    assumed = aws_session.assume(session, role, name="recover", endpoint=endpoint)
    return Finder(assumed, terraform, role.split(":")[4], endpoint)
