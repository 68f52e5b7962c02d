"""`gw local up|status|down|reset`: the embedded AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.local.cloud import LocalCloud, Status

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    local = typer.Typer(help="The embedded AWS of this checkout: start, look, stop, forget.", no_args_is_help=True)
    app.add_typer(local, name="local", rich_help_panel="Laptop")

    @local.command()
    def up(
        port: Annotated[int | None, typer.Option(help="Port on 127.0.0.1; 4566 unless given.")] = None,
        json: Json = False,
    ) -> None:
        """Start the embedded AWS, or find the one that runs. What it held when it stopped is there again."""
        _show(_cloud().up(port), json=json)

    @local.command()
    def status(json: Json = False) -> None:
        """Say whether it runs, where, and what it holds. Ends with 9 where it does not run."""
        from groundwork.errors import LocalCloudError

        running = _cloud().status()
        if running is None:
            raise LocalCloudError("the embedded AWS is not running", fix="gw local up")
        _show(running, json=json)

    @local.command()
    def down() -> None:
        """Save everything and stop."""
        console.say("stopped; `gw local up` goes on where it was" if _cloud().down() else "was not running")

    @local.command()
    def reset(
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ) -> None:
        """Forget everything in the embedded AWS, Terraform states included. Nothing outside this laptop is touched."""
        from groundwork.cli.confirm import confirm

        cloud = _cloud()
        running = cloud.status()
        held = sum(sum(services.values()) for services in running.resources.values()) if running else 0
        confirm(f"forget the embedded AWS of this checkout ({held} resources)", yes=yes)
        cloud.reset()
        console.say("the embedded AWS is empty")


def _cloud() -> LocalCloud:
    from groundwork.cli.context import Context

    return Context.here().cloud


def _show(status: Status, *, json: bool) -> None:
    if json:
        console.print_json(status.model_dump(mode="json"))
        return
    console.say(f"[bold]{status.endpoint}[/]  process {status.pid}, {status.memory_mb:.0f} MB, log {status.log}")
    if status.restored:
        if status.restored.set_aside:
            console.say(f"[yellow]{console.escape(status.restored.set_aside)}[/]")
        elif status.restored.resources or status.restored.replayed:
            console.say(
                f"restored {status.restored.resources} resources of {status.restored.services} services, "
                f"saved {status.restored.age_seconds:.0f} s before the start"
            )
    if status.problem:
        console.say(f"[yellow]not saved: {console.escape(status.problem)}[/]")
    if status.resources:
        table = console.table("account", "service", "resources")
        for account, services in sorted(status.resources.items()):
            for service, count in sorted(services.items()):
                table.add_row(account, service, str(count))
        console.out.print(table)
    else:
        console.say("it holds nothing")
    if status.pending_deletion:
        console.say(f"{status.pending_deletion} keys are pending deletion, as AWS keeps them for some days")
    console.say(f"aws --endpoint-url {status.endpoint} s3 ls   # with any dummy keys")
