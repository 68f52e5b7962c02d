"""Traefik on the node: what an Ingress of class `traefik` names is reached by a port of the node."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from localcloud.kubernetes.node import basics
from localcloud.kubernetes.node.images import Images

PROGRAM = "traefik"
IMAGE = "localhost/groundwork/traefik:node"
PORT = 30080
"""The NodePort of ingress.yaml."""
_MANIFEST = Path(__file__).with_name("ingress.yaml")


def install(programs: Mapping[str, Path], *, run: Path, kubeconfig: Path) -> None:
    """Load its image where it is missing, and wait until it answers. Raises LocalCloudError."""
    Images(programs["ctr"], run).load_program(IMAGE, programs[PROGRAM], run)
    basics.apply(programs["kubectl"], kubeconfig, _MANIFEST.read_text(), namespace="traefik", deployment="traefik")
