"""`gw charts`: Helm charts as packages, and in an environment's repositories."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli import console
from groundwork.cli.arguments import Json

if TYPE_CHECKING:
    from groundwork.paths import Project
    from stacks.commands.chart_packages import Package

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
    """Publish packaged charts to the environment's Helm repository in S3, each version once.

    A published version never changes: the same bytes are left alone, others end the command with 12. Several may
    publish at once, and after an interruption the command is run again. On AWS with the release role's credentials.

    Examples: `gw charts publish dev --dry-run`, `gw charts publish prod dist/service-1.2.3.tgz`
    """
    from groundwork.cli.context import Context
    from groundwork.errors import UsageError
    from stacks.commands import chart_packages
    from stacks.commands.chart_repository import ChartRepository
    from stacks.commands.helm_program import helm_program
    from stacks.commands.release_access import release_access
    from stacks.platform import values_of
    from stacks.values import Names

    context = Context.here()
    chosen = context.workspace().environments.get(environment)
    if chosen is None:
        raise UsageError(f"there is no environment {environment}", fix="name a file of environments/, without .yaml")
    chosen.require_real_accounts()
    files = packages or sorted(_folder(context.project).glob("*.tgz"))
    if not files:
        raise UsageError("there is no package to publish", fix="gw charts package")
    read = [chart_packages.read(file) for file in files]
    names = Names(values_of(chosen))
    access = release_access(context, names)
    with helm_program(os.environ, context.project) as helm:
        repository = ChartRepository(access.client("s3"), names.chart_bucket, helm)
        results = repository.compare(read) if dry_run else repository.publish(read)
    pairs = list(zip(read, results, strict=True))
    if json:
        console.print_json(
            [{**_about(each), "s3": {"to": repository.location(each.file), "result": result}} for each, result in pairs]
        )
        return
    words = {"published": "would be published" if dry_run else "published", "unchanged": "is published already"}
    for each, result in pairs:
        console.say(f"{repository.location(each.file)}: {words[result]}")


def _folder(project: Project) -> Path:
    return project.work / "charts"


def _about(package: Package) -> dict[str, str]:
    return {"name": package.name, "version": package.version, "sha256": package.sha256}
