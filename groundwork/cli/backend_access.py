"""Opens the state of a stack for `gw state` and `gw unlock`."""

from __future__ import annotations

from groundwork.cli.context import Context
from groundwork.errors import UsageError
from groundwork.state import aws_session
from groundwork.state.state_store import StateStore
from groundwork.terraform.terraform import Terraform


def access(stack: str) -> tuple[StateStore, Terraform]:
    """The state of a stack that was synthesised before, and Terraform in its folder.

    The credentials are known to be of the right account. Raises UsageError for an unknown stack, TerraformFailed
    for credentials of another account.
    """
    workspace = Context.here().workspace()
    if stack not in {known.name for known in workspace.manifest().stacks}:
        raise UsageError(f"{stack!r} is not among the synthesised stacks", fix="`gw list` shows them; `gw synth` first")
    environment = workspace.environment_of(stack)
    environment.require_real_accounts()
    store = workspace.store(stack)
    aws_session.require_account(store.session, environment.account, endpoint=store.endpoint)
    return store, workspace.terraform(stack)
