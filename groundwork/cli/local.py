"""`gw local up|status|down|reset`: the embedded AWS, and the embedded Kubernetes where asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.cli.context import Context
    from localcloud import cloud
    from localcloud.aws.snapshot import Restored
    from localcloud.kubernetes import cluster

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    local = typer.Typer(help="The embedded AWS of this checkout: start, look, stop, forget.", no_args_is_help=True)
    app.add_typer(local, name="local", rich_help_panel="Laptop")

    @local.command()
    def up(
        port: Annotated[int | None, typer.Option(help="Port of AWS on 127.0.0.1; 4566 unless given.")] = None,
        kubernetes: Annotated[bool, typer.Option("--kubernetes", help="Start a Kubernetes API as well.")] = False,
        json: Json = False,
    ) -> None:
        """Start the embedded AWS, or find the one that runs. What it held when it stopped is there again.

        With --kubernetes also a Kubernetes control plane, whose nodes run no containers; `make kubernetes` builds it.
        """
        context = _context()
        if kubernetes:
            # First of all what may be missing: nothing is started where the other half cannot be.
            programs = _programs(context)
            context.kubernetes.layout.refuse_foreign_kubeconfig()
        running = context.cloud.up(port)
        if kubernetes:
            console.note("Kubernetes starts")
        _show(running, context.kubernetes.up(programs) if kubernetes else context.kubernetes.status(), json=json)

    @local.command()
    def status(json: Json = False) -> None:
        """Say whether it runs, where, and what it holds. Ends with 9 where the embedded AWS does not run."""
        from groundwork.errors import LocalCloudError

        context = _context()
        running, beside = context.cloud.status(), context.kubernetes.status()
        if running is None:
            but = f"; Kubernetes runs at {beside.endpoint}" if beside else ""
            raise LocalCloudError(f"the embedded AWS is not running{but}", fix="gw local up")
        _show(running, beside, json=json)

    @local.command()
    def down() -> None:
        """Save everything and stop."""
        context = _context()
        # Kubernetes first, and both: `or` would leave the second one running.
        ran = [context.kubernetes.down(), context.cloud.down()]
        again = "gw local up --kubernetes" if ran[0] else "gw local up"
        console.say(f"stopped; `{again}` goes on where it was" if any(ran) else "was not running")

    @local.command()
    def reset(
        confirmed: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ) -> None:
        """Forget everything in the embedded AWS, Terraform states included, and in the embedded Kubernetes.

        Nothing outside this laptop is touched.
        """
        from groundwork.cli.confirm import confirm

        context = _context()
        running, beside = context.cloud.status(), context.kubernetes.status()
        held = sum(sum(services.values()) for services in running.resources.values()) if running else 0
        also = f", and its Kubernetes with {beside.pods} pods" if beside else ""
        programs = _programs(context) if beside else {}
        confirm(f"forget the embedded AWS of this checkout ({held} resources){also}", confirmed=confirmed)
        context.cloud.reset()
        console.say("the embedded AWS is empty")
        forgotten = context.kubernetes.reset()
        if beside:
            context.kubernetes.up(programs)
        if forgotten or beside:
            console.say("the embedded Kubernetes is empty")


def _context() -> Context:
    from groundwork.cli.context import Context

    return Context.here()


def _programs(context: Context) -> Mapping[str, Path]:
    from groundwork.cli import kubernetes_programs

    return kubernetes_programs.find(context.environ, context.project)


def _show(status: cloud.Status, beside: cluster.Status | None, *, json: bool) -> None:
    if json:
        kubernetes = beside.model_dump(mode="json") if beside else None
        console.print_json({**status.model_dump(mode="json"), "kubernetes": kubernetes})
        return
    _show_cloud(status)
    if beside:
        _show_cluster(beside)


def _show_cluster(status: cluster.Status) -> None:
    console.say(
        f"[bold]{status.endpoint}[/]  Kubernetes {status.version}, process {status.pid}, {status.memory_mb:.0f} MB, "
        f"{status.nodes} nodes that run no containers, {status.pods_ready} of {status.pods} pods ready, "
        f"logs {status.logs}"
    )
    if status.releases:
        console.say(f"released: {', '.join(status.releases)}")
    console.say(f"kubectl --kubeconfig {status.kubeconfig} get pods --all-namespaces")


def _restored(found: Restored) -> str:
    """What a start found; after a kill only what went to S3 and DynamoDB is newer than the last save."""
    written = f"{found.replayed} writes to S3 and DynamoDB"
    if not found.services:
        return f"restored {found.resources} resources from {written}; nothing else had been saved"
    saved = f"saved {found.age_seconds:.0f} s before the start"
    later = f", and {written} after that" if found.replayed else ""
    return f"restored {found.resources} resources of {found.services} services, {saved}{later}"


def _show_cloud(status: cloud.Status) -> None:
    console.say(f"[bold]{status.endpoint}[/]  process {status.pid}, {status.memory_mb:.0f} MB, log {status.log}")
    if status.restored:
        if status.restored.set_aside:
            console.say(f"[yellow]{console.escape(status.restored.set_aside)}[/]")
        elif status.restored.resources or status.restored.replayed:
            console.say(_restored(status.restored))
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
