"""The programs that make up the embedded Kubernetes, and the arguments that each is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.kubernetes.layout import NODE_LEASES, Layout
from localcloud.ports import HOST

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_STAGES = Path(__file__).with_name("stages.yaml")


@dataclass(frozen=True)
class Component:
    """A program of the control plane and its arguments. `clears` is a path of the API to empty before each start."""

    name: str
    command: tuple[str, ...]
    clears: str = ""


def components(programs: Mapping[str, Path], layout: Layout, port: int) -> list[Component]:
    """What to start, in this order. The API server listens on `port` of 127.0.0.1; no other component listens on TCP.

    `programs` has a path for each of PROGRAMS.
    """
    keys, sockets = layout.credentials, "unix://etcd"
    arguments = {
        "etcd": [
            f"--data-dir={layout.data}",
            # Sockets in the working folder. The `:0` is part of their names: etcd insists on a port.
            f"--listen-client-urls={sockets}:0", f"--advertise-client-urls={sockets}:0",
            f"--listen-peer-urls={sockets}-peer:0", f"--initial-advertise-peer-urls={sockets}-peer:0",
            f"--initial-cluster=default={sockets}-peer:0",
            "--log-level=warn",
        ],
        "kube-apiserver": [
            f"--etcd-servers={sockets}:0",
            f"--bind-address={HOST}", f"--secure-port={port}", f"--cert-dir={keys}",
            # No pod could reach a loopback address, and without a network there is no other.
            f"--advertise-address={HOST}", "--endpoint-reconciler-type=none",
            f"--token-auth-file={layout.tokens}", "--anonymous-auth=false", "--authorization-mode=Node,RBAC",
            f"--service-account-key-file={layout.signing_key}",
            f"--service-account-signing-key-file={layout.signing_key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged=true",
            "--profiling=false",
        ],
        "kube-controller-manager": [
            f"--kubeconfig={layout.component_kubeconfig('kube-controller-manager')}",
            f"--service-account-private-key-file={layout.signing_key}",
            f"--root-ca-file={layout.certificate}",
            "--use-service-account-credentials=true",
            "--leader-elect=false", "--secure-port=0", "--profiling=false",
        ],
        "kube-scheduler": [
            f"--kubeconfig={layout.component_kubeconfig('kube-scheduler')}",
            "--leader-elect=false", "--secure-port=0", "--profiling=false",
        ],
        "kwok": [
            f"--kubeconfig={layout.component_kubeconfig('kwok')}",
            f"--config={_STAGES}", "--manage-all-nodes", "--node-lease-duration-seconds=40",
            "--cidr=10.244.0.1/16",
        ],
    }  # fmt: skip
    # kwok takes a new name at each start, and would wait until the leases under its old name expire.
    clears = {"kwok": NODE_LEASES}
    return [Component(name, (str(programs[name]), *arguments[name]), clears.get(name, "")) for name in PROGRAMS]
