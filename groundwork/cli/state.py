"""`gw state` and `gw unlock`: older versions of a stack's state, and its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json, Yes

if TYPE_CHECKING:
    from groundwork.state.state_store import StateStore
    from groundwork.terraform.terraform import Terraform

Stack = Annotated[str, typer.Argument(help="One stack, for example local-network.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(help="List and restore older versions of a stack's state.", no_args_is_help=True)
    app.add_typer(commands, name="state", rich_help_panel="Stacks")

    @commands.command("versions")
    def list_versions(stack: Stack, json: Json = False) -> None:
        """List the versions of a stack's state, newest first. Example: `gw state versions local-network`"""
        from groundwork.state.history import StateHistory

        store, _ = _access(stack)
        versions = StateHistory(store).versions()
        if json:
            console.print_json([{**vars(version), "written": version.written.isoformat()} for version in versions])
            return
        table = console.table("version", "written (UTC)", "serial", "resources", "")
        for version in versions:
            row = (version.id, f"{version.written:%Y-%m-%d %H:%M:%S}", str(version.serial), str(version.resources))
            table.add_row(*row, "current" if version.current else "")
        console.out.print(table)

    @commands.command()
    def restore(stack: Stack, version: Annotated[str, typer.Argument(help="As `gw state versions` shows it.")]) -> None:
        """Make an older version the current state. It becomes a new version, so nothing is lost; AWS does not change.

        Example: `gw state restore local-network 3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY`
        """
        from groundwork.state.history import StateHistory

        store, terraform = _access(stack)
        now = StateHistory(store).restore(version, terraform)
        console.say(f"{stack}: the state is that of {version} again, as serial {now.serial}; next: gw diff {stack}")

    @app.command(rich_help_panel="Stacks")
    def unlock(
        target: Annotated[str, typer.Argument(metavar="STACK|ENVIRONMENT", help="With --all an environment.")],
        lock_id: Annotated[str, typer.Argument(help="The lock's id, as the error names it.")] = "",
        every: Annotated[
            bool, typer.Option("--all", help="Free every lock of the environment, after a question.")
        ] = False,
        confirmed: Yes = False,
    ) -> None:
        """Free a stack's lock whose holder has died. Ask the holder first: never free the lock of a live run.

        Examples: `gw unlock local-network 0b7f6f3c-4f1d-6a3c-5f0e-2c1f9a9f7d11`, `gw unlock --all local`
        """
        from groundwork.errors import UsageError

        if every == bool(lock_id):
            raise UsageError("name one lock, or --all of an environment", fix="gw unlock --all ENVIRONMENT")
        if every:
            _unlock_all(target, confirmed=confirmed)
        else:
            _free(target, _access(target)[0], lock_id)


def _unlock_all(environment: str, *, confirmed: bool) -> None:
    from groundwork.cli.confirm import confirm
    from groundwork.cli.context import Context
    from groundwork.errors import UsageError
    from groundwork.state import locks

    workspace = Context.here().workspace()
    stacks = [stack.name for stack in workspace.manifest().stacks]
    own = [stack for stack in stacks if workspace.environment_of(stack).name == environment]
    if not own:
        raise UsageError(f"{environment!r} has no synthesised stacks", fix="`gw list` shows them; `gw synth` first")
    _access(own[0])  # checks the credentials
    stores = {workspace.store(stack).path: stack for stack in own}
    held = [(stores[lock.path], lock) for lock in locks.held(workspace.store(own[0])) if lock.path in stores]
    if not held:
        console.say(f"{environment}: no stack is locked")
        return
    for stack, lock in held:
        console.say(f"{console.escape(stack)}: {console.escape(str(lock.error(stack)))}")
    confirm(f"free these {len(held)} locks of {environment}", confirmed=confirmed)
    for stack, lock in held:
        _free(stack, workspace.store(stack), lock.id)


def _free(stack: str, store: StateStore, lock_id: str) -> None:
    from groundwork.state import locks

    freed, places = locks.free(store, lock_id)
    where = " and ".join({"table": "the lock table", "bucket": "the bucket"}[place] for place in places)
    console.say(
        f"{stack}: freed the lock of {console.escape(freed.who)} in {where} "
        f"({console.escape(freed.operation)}, since {freed.created})"
    )


def _access(stack: str) -> tuple[StateStore, Terraform]:
    """The state of a synthesised stack, and Terraform in its folder; the credentials are checked.

    Raises UsageError for an unknown stack, TerraformFailed for credentials of another account.
    """
    from groundwork.cli.context import Context
    from groundwork.errors import UsageError
    from groundwork.state import aws_session

    workspace = Context.here().workspace()
    if stack not in {known.name for known in workspace.manifest().stacks}:
        raise UsageError(f"{stack!r} is not among the synthesised stacks", fix="`gw list` shows them; `gw synth` first")
    environment = workspace.environment_of(stack)
    environment.require_real_accounts()
    store = workspace.store(stack)
    aws_session.require_account(store.session, environment.account, endpoint=store.endpoint)
    return store, workspace.terraform(stack)
