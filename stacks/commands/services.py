"""`gw services`: the services in real pods on this machine, with real databases."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from groundwork.paths import Project

# Where these are found on this machine, unless another program has the port; all others get a free one.
_PREFERRED_PORTS = {"ledger": 7000, "users": 8080, "market": 8081, "transactions": 8082}
_FIRST_NODE_PORT = 30700


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(rich_help_panel="Laptop")
    def services(
        once: Annotated[bool, typer.Option("--once", help="End after the requests instead of waiting.")] = False,
        base: Annotated[str, typer.Option(help="See `gw images build`.")] = "",
        debian: Annotated[bool, typer.Option("--debian", help="See `gw images build`.")] = False,
    ) -> None:
        """Run all services in pods on the embedded node, send them requests, and print their addresses.

        They are those of services/workloads.yaml. Databases run beside the node and last as long as the command; Ctrl-C
        ends all of it. `make services` builds what it needs. Examples: `gw services`, `gw services --debian --once`
        """
        from groundwork.paths import Project

        _run(Project.find(Path.cwd()), once=once, base=base, debian=debian)


def _run(project: Project, *, once: bool, base: str, debian: bool) -> None:
    from groundwork.cli import console
    from groundwork.cli.context import Context
    from stacks.commands.images import archive_of, build_images
    from stacks.images import clusters
    from stacks.laptop import releases
    from stacks.laptop.surroundings import Surroundings

    cluster = Context.here().kubernetes
    # Before anything is built or started: the services have a cluster of their own, or none.
    cluster.layout.refuse_foreign_kubeconfig()
    folder = project.root / "services"
    entries = releases.read(folder / "workloads.yaml")
    names = [*entries]
    node_ports = {name: _FIRST_NODE_PORT + number for number, name in enumerate(names)}
    programs = _programs(project)
    with _timed("images"):
        images = {image.service: image for image in build_images(names, base, debian=debian)}
    ports = {name: _free(_PREFERRED_PORTS.get(name)) for name in names}
    published = {port: node_ports[name] for name, port in ports.items()}
    with Surroundings(folder, names, programs.get("ferretdb")) as surroundings:
        with _timed("databases"):
            surrounded = surroundings.wait()
        cluster.down()  # what it forwards to has ended
        try:
            with _timed("node"):
                cluster.up(programs, node=True, reachable=surrounded.all_ports(), published=published)
            with _timed("images on the node"):
                for image in images.values():
                    clusters.load(archive_of(image, project), "node", project, os.environ)
            node = releases.Releases(programs, cluster.layout.kubeconfig)
            used = {name: surrounded.ports(name) for name in names}
            for name, workload in releases.workloads(entries, images, used).items():
                with _timed(f"{name} in pods"):
                    node.deploy(name, workload, surrounded.inside(name), node_port=node_ports[name])
            _show(ports, surrounded.tokens(), cluster.layout.kubeconfig)
            if not once:
                console.note("Ctrl-C ends it")
                threading.Event().wait()
        finally:
            with _timed("end"):
                cluster.down()


def _programs(project: Project) -> dict[str, Path]:
    """Those of the node, helm and FerretDB. Raises LocalCloudError where no node runs here, and ToolMissing."""
    from groundwork.cli import kubernetes_programs
    from groundwork.errors import LocalCloudError, ToolMissing
    from groundwork.toolchain import go_tools

    chosen = kubernetes_programs.choose(os.environ, project)
    if not chosen.node:
        raise LocalCloudError(f"no node runs here: {'; '.join(chosen.reasons)}", fix="make services, as root on Linux")
    programs = dict(chosen.programs)
    for name in ("helm", "ferretdb"):
        if (tool := go_tools.find(name, os.environ, project)) is None:
            raise ToolMissing(f"{name} is not built on this machine", fix="make services")
        programs[name] = tool.path
    return programs


def _free(preferred: int | None) -> int:
    from localcloud import ports

    return preferred if preferred and ports.is_free(preferred) else ports.free()


def _show(ports: dict[str, int], tokens: dict[str, str], kubeconfig: Path) -> None:
    from groundwork.cli import console
    from stacks.laptop import requests

    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    for request, answer in requests.send(addresses, tokens):
        console.say(f"{request.service}: {request} → {answer.status_code} {answer.text[:60]}")
    for name, address in addresses.items():
        token = f"  Authorization: Bearer {tokens[name]}" if name in tokens else ""
        console.say(f"[bold]{address}[/]  {name}, its API at /docs{token}")
    console.say(f"kubectl --kubeconfig {kubeconfig} get pods --all-namespaces")


@contextmanager
def _timed(step: str) -> Iterator[None]:
    from groundwork.cli import console

    began = time.monotonic()
    console.note(f"{step} …")
    yield
    console.note(f"{step}: {time.monotonic() - began:.1f} s")
