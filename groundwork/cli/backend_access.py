"""What `gw state` and `gw unlock` need of a stack: its backend, a session, and Terraform in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from groundwork.cli.context import Context
from groundwork.errors import UsageError
from groundwork.state import aws_session
from groundwork.state.history import StateHistory
from groundwork.terraform.terraform import Terraform


@dataclass(frozen=True)
class BackendAccess:
    """Access to the state of one stack. `endpoint` is None on AWS."""

    session: boto3.Session
    backend: Mapping[str, Any]
    endpoint: str | None
    terraform: Terraform

    @property
    def history(self) -> StateHistory:
        """The versions of the state."""
        return StateHistory(self.session, self.backend, self.terraform.stack, self.endpoint)


def access(stack: str) -> BackendAccess:
    """The backend of a stack that was synthesised before; its credentials are known to be of the right account.

    Raises UsageError for a name that is no stack, TerraformFailed for credentials of another account.
    """
    workspace = Context.here().workspace()
    if stack not in {known.name for known in workspace.manifest().stacks}:
        raise UsageError(f"{stack!r} is not among the synthesised stacks", fix="`gw list` shows them; `gw synth` first")
    environment = workspace.environment_of(stack)
    environment.require_real_accounts()
    store = workspace.store(stack)
    session = aws_session.session(store.folder, store.backend)
    aws_session.require_account(session, environment.account, endpoint=store.endpoint)
    terraform = workspace.terraform(stack)
    return BackendAccess(session, store.backend, store.endpoint, terraform)
