"""Traefik on the node: what its Ingresses and the routes of its Gateway name is reached by a port of the node."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from localcloud.kubernetes.node import basics
from localcloud.kubernetes.node.images import Images

PROGRAM = "traefik"
IMAGE = "localhost/groundwork/traefik:node"
PORT = 30080
"""The NodePort of ingress.yaml."""
GATEWAY, NAMESPACE = "traefik", "traefik"
"""The Gateway of ingress.yaml, which takes routes of every namespace."""
_MANIFEST = Path(__file__).with_name("ingress.yaml")


def install(programs: Mapping[str, Path], *, run: Path, kubeconfig: Path) -> None:
    """Load its image where it is missing, and wait until it answers. Raises LocalCloudError."""
    Images(programs["ctr"], run).load_program(IMAGE, programs[PROGRAM], run)
    kubectl = programs["kubectl"]
    # The kinds of the Gateway API, which the build put beside the program; objects of them are in the manifest.
    kinds = "\n---\n".join(file.read_text() for file in sorted(programs[PROGRAM].resolve().parent.glob("*.yaml")))
    established = ("wait", "--for=condition=Established", "--timeout=30s", "--filename=-")
    for arguments in (basics.APPLY, established):
        basics.run(kubectl, kubeconfig, *arguments, document=kinds, problem="the Gateway API is not known")
    basics.apply(kubectl, kubeconfig, _MANIFEST.read_text(), namespace=NAMESPACE, deployment="traefik")
