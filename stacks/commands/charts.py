"""`gw charts`: Helm charts as packages, and in an environment's repositories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json

if TYPE_CHECKING:
    from groundwork.paths import Project
    from stacks.commands.chart_packages import Package
    from stacks.commands.chart_registry import ChartRegistry
    from stacks.commands.chart_repository import ChartRepository
    from stacks.commands.helm_program import HelmProgram
    from stacks.commands.release_access import ReleaseAccess
    from stacks.values import Names

DryRun = Annotated[bool, typer.Option("--dry-run", help="Compare, say what would be published, and write nothing.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    charts = typer.Typer(no_args_is_help=True)
    app.add_typer(charts, name="charts", rich_help_panel="Pipeline")

    @charts.callback()
    def packages() -> None:
        """Package the charts of charts/ and publish them for Helm."""

    charts.command()(package)
    charts.command()(publish)


def package(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="CHART", help="Folders of charts/; all of them by default.")
    ] = None,
    version: Annotated[str, typer.Option(help="Of the packages, such as 1.2.3; default: each Chart.yaml's.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for the packages (.groundwork/charts).")] = None,
    json: Json = False,
) -> None:
    """Package charts: the same chart, version and Helm give the same bytes, whenever and wherever.

    Examples: `gw charts package`, `gw charts package service --version 1.2.3 --out dist`
    """
    from groundwork.errors import UsageError
    from groundwork.paths import Project
    from stacks.commands import chart_packages
    from stacks.commands.helm_program import helm_program

    project = Project.find(Path.cwd())
    known = sorted(path.parent.name for path in project.charts.glob("*/Chart.yaml"))
    if unknown := sorted(set(names or ()) - set(known)):
        raise UsageError(f"no chart {', '.join(unknown)} in {project.charts}", fix=f"name one of {', '.join(known)}")
    folder = out or _folder(project)
    with helm_program(os.environ, project) as helm:
        made = [
            chart_packages.package(helm, project.charts / name, out=folder, version=version) for name in names or known
        ]
    if json:
        console.print_json([{"path": each.path, **_about(each)} for each in made])
        return
    for each in made:
        console.say(f"{each.path} ({len(each.data) / 1e3:.0f} kB) {each.sha256}")


def publish(
    environment: Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="Whose repositories get the charts.")],
    packages: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PACKAGE", help="Packages; all in .groundwork/charts by default."),
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Publish packaged charts for Helm: to the environment's repository in S3, and to its registries in ECR by OCI.

    A published version never changes: the same bytes are left alone, others end the command with 12, before anything
    is written. Several may publish at once, and after an interruption the command is run again. On AWS with the
    credentials of the role release-charts; the embedded AWS has S3 alone.

    Examples: `gw charts publish dev --dry-run`, `gw charts publish prod dist/service-1.2.3.tgz`
    """
    from groundwork import platform
    from groundwork.cli.context import Context
    from groundwork.errors import UsageError
    from stacks.commands import chart_packages
    from stacks.commands.helm_program import helm_program
    from stacks.commands.release_access import release_access
    from stacks.platform import values_of
    from stacks.values import Names

    context = Context.here()
    known = {each.name: each for each in platform.load(context.project).environments(context.project.environments)}
    chosen = known.get(environment)
    if chosen is None:
        raise UsageError(f"there is no environment {environment}", fix=f"name one of {', '.join(known)}")
    chosen.require_real_accounts()
    files = packages or sorted(_folder(context.project).glob("*.tgz"))
    if not files:
        raise UsageError("there is no package to publish", fix="gw charts package")
    read = [chart_packages.read(file) for file in files]
    names = Names(values_of(chosen))
    access = release_access(context, names)
    with helm_program(os.environ, context.project) as helm:
        places = _places(access, names, helm)
        results = {kind: place.compare(read) for kind, place in places.items()}
        if not dry_run:
            results = {kind: place.publish(read) for kind, place in places.items()}
    if json:
        console.print_json(
            [
                _about(each)
                | {kind: {"to": places[kind].location(each), "result": results[kind][at]} for kind in places}
                for at, each in enumerate(read)
            ]
        )
        return
    words = {"published": "would be published" if dry_run else "published", "unchanged": "is published already"}
    for kind, place in places.items():
        for each, result in zip(read, results[kind], strict=True):
            console.say(f"{place.location(each)}: {words[result]}")


def _places(access: ReleaseAccess, names: Names, helm: HelmProgram) -> Mapping[str, ChartRepository | ChartRegistry]:
    """Where charts of an environment go."""
    from stacks.commands.chart_registry import sign_in
    from stacks.commands.chart_repository import ChartRepository

    repository = ChartRepository(access.client("s3"), names.chart_bucket, helm)
    if names.environment.target == "laptop":
        console.note("the embedded AWS has no registry that Helm could push to: S3 alone")
        return {"s3": repository}
    return {"s3": repository, "ecr": sign_in(access.client("ecr"), helm, prefix=names.registry("charts"))}


def _folder(project: Project) -> Path:
    return project.work / "charts"


def _about(package: Package) -> dict[str, str]:
    return {"name": package.name, "version": package.version, "sha256": package.sha256}
