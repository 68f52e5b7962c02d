"""Images go to kind and minikube by their own programs; what stands for them here notes how it is called.

Sources: `kind load image-archive --help` (`<IMAGE.tar>`), and minikube's documentation of its commands
(`minikube image load IMAGE | ARCHIVE`).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from groundwork.cli import application
from groundwork.errors import ToolMissing, UsageError
from groundwork.paths import Project
from stacks.commands.images import archive_of
from stacks.images import clusters
from stacks.images.builder import BuildFailed, image_of
from tests.services.conftest import program


@pytest.mark.row("0.9")
@pytest.mark.parametrize(
    ("cluster", "words"), [("kind", "kind load image-archive"), ("minikube", "minikube image load")]
)
def test_an_image_is_loaded_by_the_clusters_own_program(
    noting_project: Project, tmp_path: Path, cluster: str, words: str
) -> None:
    """An archive of the same sources lies there already, so that nothing is built."""
    image = image_of("users", noting_project.root / "services", "base")
    archive = archive_of(image, noting_project)
    archive.parent.mkdir(parents=True)
    archive.touch()
    done = CliRunner().invoke(application(), ["images", "load", "users", "--base", "base", "--into", cluster])
    assert done.exit_code == 0, done.output
    assert f"{image.name} is in {cluster}" in done.output
    assert (tmp_path / "bin" / "words").read_text().splitlines() == [f"{words} {archive}"]


def test_what_the_program_says_is_shown(noting_project: Project, tmp_path: Path) -> None:
    program(tmp_path, "kind", 'echo "ERROR: no nodes found for cluster kind" >&2; exit 1')
    with pytest.raises(BuildFailed, match="no nodes found for cluster"):
        clusters.load(tmp_path / "users.tar", "kind", noting_project, os.environ)


def test_a_missing_program_and_an_unknown_cluster_are_named(noting_project: Project, tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="minikube is not on PATH"):
        clusters.load(tmp_path / "users.tar", "minikube", noting_project, {"PATH": str(tmp_path)})
    with pytest.raises(UsageError, match="k3d") as raised:
        clusters.load(tmp_path / "users.tar", "k3d", noting_project, os.environ)
    assert raised.value.fix == "--into one of node, kind, minikube"
