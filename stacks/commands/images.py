"""`gw images build|load|push`: the services' images, for a cluster or a registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.cli.arguments import Json

if TYPE_CHECKING:
    from groundwork.paths import Project
    from stacks.images.builder import Builder, Image
    from stacks.images.index import Index

Services = Annotated[list[str] | None, typer.Argument(metavar="SERVICE", help="Folders of services/; all by default.")]
Base = Annotated[str, typer.Option(help="An image with Python 3.11 or 3.12 and pip; the Dockerfile's by default.")]
Platforms = Annotated[
    str,
    typer.Option("--platform", metavar="LIST", help="Such as linux/amd64,linux/arm64: one index, as an OCI archive."),
]
Debian = Annotated[bool, typer.Option("--debian", help="Make the base from Debian's packages: nothing is pulled.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    images = typer.Typer(help="Images of the services: build them, bring them to a cluster.", no_args_is_help=True)
    app.add_typer(images, name="images", rich_help_panel="Laptop")

    @images.command()
    def build(
        services: Services = None,
        base: Base = "",
        debian: Debian = False,
        platforms: Platforms = "",
        out: Annotated[Path | None, typer.Option(help="Folder for OCI archives (.groundwork/images).")] = None,
        json: Json = False,
    ) -> None:
        """Build images with buildah, podman or docker, and save them below .groundwork/images.

        An image's tag is a digest of its sources: what has not changed is not built again. With `--platform` the
        archive is what a registry gets, and beside it lies another one with the image's SBOM.
        Examples: `gw images build`, `gw images build ledger --debian`, `gw images build --platform linux/arm64`
        """
        from groundwork.cli import console
        from groundwork.errors import UsageError

        if platforms:
            indexes = build_indexes(services, base, debian=debian, platforms=platforms, out=out)
            if json:
                return console.print_json([index.about() for index in indexes])
            return console.say("\n".join(f"{index.archive} {index.digest}" for index in indexes))
        if out or json:
            raise UsageError("--out and --json are for OCI archives", fix="add --platform linux/amd64,linux/arm64")
        for image in build_images(services, base, debian=debian):
            console.say(image.name)
        return None

    @images.command()
    def load(
        services: Services = None,
        into: Annotated[str, typer.Option(help="node, kind or minikube.")] = "node",
        archive: Annotated[Path | None, typer.Option(help="A file of `docker save` to load instead.")] = None,
        base: Base = "",
        debian: Debian = False,
    ) -> None:
        """Build what is missing, and load it into a cluster that runs: the embedded node by default.

        Examples: `gw images load ledger`, `gw images load --into kind`, `gw images load --archive podinfo.tar`
        """
        from groundwork.cli import console
        from groundwork.errors import UsageError
        from groundwork.paths import Project
        from stacks.images import clusters

        project = Project.find(Path.cwd())
        if archive:
            if services or not archive.is_file():
                raise UsageError(f"--archive {archive}: not a file, or beside services", fix="name one file alone")
            clusters.load(archive, into, project, os.environ)
            return console.say(f"{archive} is in {into}")
        for image in build_images(services, base, debian=debian):
            clusters.load(archive_of(image, project), into, project, os.environ)
            console.say(f"{image.name} is in {into}")
        return None

    @images.command()
    def push(
        registry: Annotated[str, typer.Argument(help="Such as ACCOUNT.dkr.ecr.REGION.amazonaws.com/TEAM.")],
        services: Services = None,
        base: Base = "",
        debian: Debian = False,
        platforms: Platforms = "linux/amd64,linux/arm64",
        tag: Annotated[str, typer.Option(help="Such as v1.2.3; default: a digest of the sources.")] = "",
    ) -> None:
        """Build what is missing, and push it with its SBOM to a registry where skopeo is logged in; prints digests.

        What the registry has already is left alone; another image under the same tag ends the command with 12.
        Example: `aws ecr get-login-password | skopeo login --username AWS --password-stdin REGISTRY`, then
        `gw images push REGISTRY ledger`
        """
        from groundwork.cli import console
        from stacks.images.image_registry import ImageRegistry

        place = ImageRegistry.find(registry, os.environ)
        for index in build_indexes(services, base, debian=debian, platforms=platforms):
            name = f"{index.image.service}:{tag or index.image.tag}"
            result = place.push(index.archive, name)
            place.push(index.sbom, f"{name}.sbom")
            console.say(f"{place.place}/{index.image.service}@{index.digest} {result}")


def build_images(services: Sequence[str] | None, base: str, *, debian: bool) -> list[Image]:
    """Build and save the images whose archives are missing, for this machine."""
    from groundwork.cli import console

    project, engine, base, images = _chosen(services, base, debian=debian)
    for image in images:
        if not (archive := archive_of(image, project)).exists():
            console.note(f"{image.service}: building {image.tag} with {engine.program.name}")
            archive.parent.mkdir(parents=True, exist_ok=True)
            _save(engine, image, project.root / "services", base, archive)
    return images


def build_indexes(
    services: Sequence[str] | None, base: str, *, debian: bool, platforms: str, out: Path | None = None
) -> list[Index]:
    """Build the images for several platforms, save them as OCI archives, and write their SBOMs beside them."""
    from groundwork.cli import console
    from stacks.images import index

    project, engine, base, images = _chosen(services, base, debian=debian)
    folder, names = out or project.work / "images", platforms.split(",")
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for image in images:
        if (known := index.known(image, folder, names)) is None:
            console.note(f"{image.service}: building {image.tag} for {platforms} with {engine.program.name}")
            known = index.build(engine, image, project.root / "services", folder, platforms=names, base=base)
        made.append(known)
    return made


def _chosen(services: Sequence[str] | None, base: str, *, debian: bool) -> tuple[Project, Builder, str, list[Image]]:
    from groundwork.errors import UsageError
    from groundwork.paths import Project
    from stacks.images import builder, debian_base

    if base and debian:
        raise UsageError("--base and --debian name two bases", fix="give one of them")
    project = Project.find(Path.cwd())
    folder = project.root / "services"
    engine = builder.Builder.find(os.environ)
    base = debian_base.ensure(engine, project.cache) if debian else base or _pinned_base(folder)
    return (
        project,
        engine,
        base,
        [builder.image_of(name, folder, base) for name in services or builder.services(folder)],
    )


def _save(engine: Builder, image: Image, folder: Path, base: str, archive: Path) -> None:
    engine.build(image, folder, base=base, environ=os.environ)
    for old in archive.parent.glob(f"{image.service}-*.tar"):
        old.unlink()
    engine.save(image, archive)


def archive_of(image: Image, project: Project) -> Path:
    """Where the archive of an image lies."""
    return project.work / "images" / f"{image.service}-{image.tag}.tar"


def _pinned_base(folder: Path) -> str:
    """The default of the Dockerfile's argument BASE, pinned by its digest."""
    lines = (folder / "Dockerfile").read_text().splitlines()
    return next(line.removeprefix("ARG BASE=") for line in lines if line.startswith("ARG BASE="))
