"""A node that runs containers, a service's image on it, and a database outside: real ones, of the tests' own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from groundwork.cli import kubernetes_programs
from groundwork.errors import ToolMissing
from groundwork.paths import Project
from groundwork.toolchain import go_tools
from localcloud.cloud import LocalCloud
from localcloud.kubernetes.cluster import EmbeddedKubernetes
from localcloud.kubernetes.node import ingress
from localcloud.kubernetes.node.addresses import AWS_PORT
from stacks.images import builder as builders
from stacks.images import debian_base
from stacks.images.builder import Builder
from tests.node.laptop import NODE_PORT, SECOND_NODE_PORT, NodeLaptop, Service
from tests.support.databases import Database
from tests.support.processes import free_port
from tests.support.running_cloud import running_cloud

DATABASE_PORT = 5432  # of the node, from where it is forwarded


@pytest.fixture(scope="session")
def database(checkout: Path) -> Iterator[Database]:
    with Database(checkout) as running:
        yield running


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running_cloud(tmp_path_factory.mktemp("aws")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def laptop(
    checkout: Path, database: Database, aws: LocalCloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodeLaptop]:
    """One node for all tests."""
    project = Project(checkout)
    try:
        chosen = kubernetes_programs.choose(os.environ, project)
    except ToolMissing as error:
        pytest.skip(str(error))
    if not chosen.node:
        pytest.skip(f"no node runs here: {'; '.join(chosen.reasons)}")
    helm = go_tools.find("helm", os.environ, project)
    if helm is None:
        pytest.skip("helm is not built; `make setup` builds it")
    cluster = EmbeddedKubernetes(tmp_path_factory.mktemp("node"), Path(sys.executable))
    laptop = NodeLaptop(
        cluster=cluster,
        programs={**chosen.programs, "helm": helm.path},
        reachable={DATABASE_PORT: database.port, AWS_PORT: urlsplit(aws.up().endpoint).port or 0},
        published={free_port(): port for port in (NODE_PORT, SECOND_NODE_PORT, ingress.PORT)},
    )
    laptop.up(timedelta(seconds=240))
    try:
        yield laptop
    finally:
        cluster.down()


@pytest.fixture(scope="session")
def image(laptop: NodeLaptop, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> builders.Image:
    """The ledger's image, on the node."""
    services = checkout / "services"
    try:
        engine = Builder.find(os.environ)
        base = debian_base.ensure(engine, Project(checkout).cache)
    except ToolMissing as error:
        pytest.skip(f"{error.message}: {error.fix}")
    image = builders.image_of("ledger", services, base)
    engine.build(image, services, base=base, environ=os.environ)  # where `gw services` finds it as well
    archive = tmp_path_factory.mktemp("images") / "ledger.tar"
    engine.save(image, archive)
    laptop.images.load(archive)
    archive.unlink()
    return image


@pytest.fixture(scope="session")
def service(laptop: NodeLaptop, image: builders.Image, checkout: Path) -> Service:
    """The ledger as the chart deploys it, in a namespace that takes restricted pods alone."""
    service = Service(
        laptop, image, checkout / "charts" / "service", f"postgresql://ledger@10.88.0.1:{DATABASE_PORT}/app"
    )
    service.prepare()
    service.deploy()
    return service
