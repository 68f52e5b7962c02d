"""`gw local up|status|down|reset`: the embedded AWS and, with an option, the embedded Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.cli import kubernetes_programs
    from groundwork.cli.context import Context
    from localcloud import cloud
    from localcloud.aws.restored import Restored
    from localcloud.kubernetes import cluster

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    local = typer.Typer(help="The embedded AWS of this checkout: start, show, stop, empty.", no_args_is_help=True)
    app.add_typer(local, name="local", rich_help_panel="Laptop")

    @local.command()
    def up(
        port: Annotated[int | None, typer.Option(help="Port of AWS on 127.0.0.1; 4566 by default.")] = None,
        kubernetes: Annotated[bool, typer.Option("--kubernetes", help="Start Kubernetes as well.")] = False,
        api_only: Annotated[
            bool, typer.Option("--api-only", help="With --kubernetes: its API alone, which runs no containers.")
        ] = False,
        publish: Annotated[
            list[str] | None,
            typer.Option(metavar="PORT:NODEPORT", help="A port of 127.0.0.1 for a NodePort of the node; repeatable."),
        ] = None,
        json: Json = False,
    ) -> None:
        """Start the embedded AWS, with its state of the last stop, unless it runs already.

        With --kubernetes also Kubernetes: `make kubernetes node` builds a control plane and a node that runs
        containers. Without such a node pods are recorded only.
        """
        context = _context()
        if kubernetes:
            # Checked first, so that nothing starts where a program for Kubernetes is missing.
            chosen = _choose(context, api_only=api_only)
            published = dict(map(ports_of, publish or ()))
            context.kubernetes.layout.refuse_foreign_kubeconfig()
        running = context.cloud.up(port)
        _show(running, _start(context, chosen, published) if kubernetes else context.kubernetes.status(), json=json)

    @local.command()
    def status(json: Json = False) -> None:
        """Show whether it runs, where, and what it contains. Ends with 9 where the embedded AWS does not run."""
        from groundwork.errors import LocalCloudError

        context = _context()
        running, kubernetes = context.cloud.status(), context.kubernetes.status()
        if running is None:
            but = f"; Kubernetes runs at {kubernetes.endpoint}" if kubernetes else ""
            raise LocalCloudError(f"the embedded AWS is not running{but}", fix="gw local up")
        _show(running, kubernetes, json=json)

    @local.command()
    def down() -> None:
        """Save everything and stop."""
        context = _context()
        # Kubernetes first, and both: `or` would leave the second one running.
        ran = [context.kubernetes.down(), context.cloud.down()]
        again = "gw local up --kubernetes" if ran[0] else "gw local up"
        console.say(f"stopped; `{again}` restores its state" if any(ran) else "was not running")

    @local.command()
    def reset(
        confirmed: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    ) -> None:
        """Delete everything in the embedded AWS, Terraform states included, and in the embedded Kubernetes.

        Nothing outside this laptop changes.
        """
        from groundwork.cli.confirm import confirm
        from groundwork.store import local_entries

        context = _context()
        running, kubernetes = context.cloud.status(), context.kubernetes.status()
        resources = sum(sum(services.values()) for services in running.resources.values()) if running else 0
        also = f", and its Kubernetes with {kubernetes.pods} pods" if kubernetes else ""
        chosen = _choose(context, api_only=not kubernetes.runs_containers) if kubernetes else None
        confirm(f"empty the embedded AWS of this checkout ({resources} resources){also}", confirmed=confirmed)
        context.cloud.reset()
        local_entries.forget(context.project)
        console.say("the embedded AWS is empty")
        emptied = context.kubernetes.reset()
        if chosen:
            _start(context, chosen)
        if emptied or kubernetes:
            console.say("the embedded Kubernetes is empty")

    @local.command("secret-store")
    def secret_store(namespace: Annotated[str, typer.Argument(help="Made where it is missing.")]) -> None:
        """Let releases of a namespace on the embedded node take secrets from the embedded AWS.

        It makes the SecretStore `aws`, which the chart's values name: secrets.from: external-secrets,
        secrets.externalSecrets.store: aws. `make secrets-controller` builds what reads it.
        """
        _add_store(_context(), namespace)


def _context() -> Context:
    from groundwork.cli.context import Context

    return Context.here()


def _choose(context: Context, *, api_only: bool) -> kubernetes_programs.Chosen:
    from groundwork.cli import kubernetes_programs

    return kubernetes_programs.choose(context.environ, context.project, api_only=api_only)


def ports_of(text: str) -> tuple[int, int]:
    """The two ports of 8080:30080."""
    from groundwork.errors import UsageError

    ports = [int(part) for part in text.split(":") if part.isdecimal() and 0 < int(part) < 65536]
    if len(ports) != 2:
        raise UsageError(f"--publish {text}: not two ports", fix="--publish 8080:30080")
    return ports[0], ports[1]


def _start(
    context: Context, chosen: kubernetes_programs.Chosen, published: Mapping[int, int] | None = None
) -> cluster.Status:
    from localcloud.kubernetes.node import external_secrets, ingress
    from localcloud.kubernetes.node.addresses import AWS_PORT

    console.note("Kubernetes starts, with a node that runs containers" if chosen.node else "Kubernetes starts")
    for reason in chosen.reasons:
        console.note(f"its pods do not run: {reason}")
    if chosen.node:
        has_controller = ingress.PROGRAM in chosen.programs
        at = f"Ingresses and HTTPRoutes are at the node's port {ingress.PORT}: --publish 8080:{ingress.PORT}"
        console.note(
            at if has_controller else "no Ingress or HTTPRoute is answered: `make ingress` builds a controller"
        )
        if external_secrets.PROGRAM in chosen.programs:
            console.note("External Secrets runs: `gw local secret-store NAMESPACE` lets it read the embedded AWS")
    cloud = context.cloud.status()
    reachable = {AWS_PORT: urlsplit(cloud.endpoint).port or 0} if cloud else {}
    return context.kubernetes.up(chosen.programs, node=chosen.node, reachable=reachable, published=published)


def _add_store(context: Context, namespace: str) -> None:
    from groundwork.errors import LocalCloudError, ToolMissing
    from localcloud.kubernetes.node import external_secrets

    kubeconfig, running = context.kubernetes.kubeconfig, context.kubernetes.status()
    if not (kubeconfig and running and running.runs_containers):
        raise LocalCloudError("no node that runs containers is up", fix="gw local up --kubernetes")
    programs = _choose(context, api_only=False).programs
    if external_secrets.PROGRAM not in programs:
        raise ToolMissing(
            "External Secrets is not built, so nothing would read the store",
            fix="make secrets-controller && gw local down && gw local up --kubernetes",
        )
    external_secrets.add_store(programs["kubectl"], kubeconfig, namespace, context.cloud.keys)
    console.say(f"{namespace}: the SecretStore {external_secrets.STORE} reads the embedded AWS's Secrets Manager")


def _show(status: cloud.Status, kubernetes: cluster.Status | None, *, json: bool) -> None:
    if json:
        cluster_status = kubernetes.model_dump(mode="json") if kubernetes else None
        console.print_json({**status.model_dump(mode="json"), "kubernetes": cluster_status})
        return
    _show_cloud(status)
    if kubernetes:
        _show_cluster(kubernetes)


def _show_cluster(status: cluster.Status) -> None:
    console.say(
        f"[bold]{status.endpoint}[/]  Kubernetes {status.version}, process {status.pid}, {status.memory_mb:.0f} MB, "
        f"{_nodes(status)}, {status.pods_ready} of {status.pods} pods ready, logs {status.logs}"
    )
    if status.releases:
        console.say(f"released: {', '.join(status.releases)}")
    console.say(f"kubectl --kubeconfig {status.kubeconfig} get pods --all-namespaces")


def _nodes(status: cluster.Status) -> str:
    """What the nodes are, and so what a ready pod proves."""
    if status.runs_containers:
        return "a node that runs containers"
    return f"{status.nodes} nodes that run no containers: pods are recorded as ready, none of their programs runs"


def _restored(restored: Restored) -> str:
    """What a start restored; after a kill only writes to S3 and DynamoDB are newer than the last save."""
    written = f"{restored.replayed} writes to S3 and DynamoDB"
    if not restored.services:
        return f"restored {restored.resources} resources from {written}; nothing else had been saved"
    saved = f"saved {restored.age_seconds:.0f} s before the start"
    later = f", and {written} after that" if restored.replayed else ""
    return f"restored {restored.resources} resources of {restored.services} services, {saved}{later}"


def _show_cloud(status: cloud.Status) -> None:
    console.say(f"[bold]{status.endpoint}[/]  process {status.pid}, {status.memory_mb:.0f} MB, log {status.log}")
    if status.restored:
        for problem in status.restored.problems:
            console.say(f"[yellow]{console.escape(problem)}[/]")
        if status.restored.resources or status.restored.replayed:
            console.say(_restored(status.restored))
    if status.problem:
        console.say(f"[yellow]not saved: {console.escape(status.problem)}[/]")
    if status.exposed:
        console.say(f"[yellow]{console.escape(status.exposed)}[/]")
    if status.resources:
        table = console.table("account", "service", "resources")
        for account, services in sorted(status.resources.items()):
            for service, count in sorted(services.items()):
                table.add_row(account, service, str(count))
        console.out.print(table)
    else:
        console.say("it is empty")
    if status.pending_deletion:
        console.say(f"{status.pending_deletion} keys are pending deletion, as AWS keeps them for some days")
    console.say(f"aws --endpoint-url {status.endpoint} s3 ls   # with any dummy keys")
