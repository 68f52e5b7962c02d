"""The programs that make up the embedded Kubernetes, and the arguments that each is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.kubernetes.layout import NODE_LEASES, Layout
from localcloud.kubernetes.node import addresses
from localcloud.kubernetes.node.configuration import INSIDE
from localcloud.ports import HOST

_CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
PROGRAMS = (*_CONTROL_PLANE, "kwok")
"""Of the API alone: kwok says that pods run, and runs none."""
_NODE_COMPONENTS = ("containerd", "kubelet", "kube-proxy", "kube-router", "metrics-server")
NODE_PROGRAMS = (
    *_CONTROL_PLANE, *_NODE_COMPONENTS, "containerd-shim-runc-v2", "ctr", "ptp", "host-local", "portmap", "pause",
    "coredns", "kubectl",
)  # fmt: skip
"""Of a cluster with the embedded node."""
_STAGES = Path(__file__).with_name("stages.yaml")


@dataclass(frozen=True)
class Component:
    """A program and its arguments. `clears` is a path of the API to empty before each start."""

    name: str
    command: tuple[str, ...]
    clears: str = ""


def of_the_api_alone(programs: Mapping[str, Path], layout: Layout, port: int) -> list[Component]:
    """What to start, in this order. The API server listens on `port` of 127.0.0.1; no other component listens on TCP.

    `programs` has a path for each of PROGRAMS.
    """
    # No pod could reach a loopback address, and without a network there is no other.
    api = [f"--bind-address={HOST}", f"--secure-port={port}", f"--advertise-address={HOST}"]
    arguments = _control_plane(layout, [*api, "--endpoint-reconciler-type=none"], [])
    arguments["kwok"] = [
        f"--kubeconfig={layout.component_kubeconfig('kwok')}",
        f"--config={_STAGES}", "--manage-all-nodes", "--node-lease-duration-seconds=40",
        "--cidr=10.244.0.1/16",
    ]  # fmt: skip
    # kwok takes a new name at each start, and would wait until the leases under its old name expire.
    clears = {"kwok": NODE_LEASES}
    return [Component(name, (str(programs[name]), *arguments[name]), clears.get(name, "")) for name in PROGRAMS]


def with_a_node(programs: Mapping[str, Path], layout: Layout) -> list[Component]:
    """What to start inside the node's namespaces, in this order; `programs` has a path for each of NODE_PROGRAMS."""
    keys, configuration = layout.certificates, layout.home / "configuration"
    kubelets = [f"--kubelet-certificate-authority={keys.authority}", "--kubelet-preferred-address-types=InternalIP"]
    # What the API server tells a server that adds to the API, such as metrics-server, about who asks.
    front_proxy = [
        f"--requestheader-client-ca-file={keys.authority}", "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
    ]  # fmt: skip
    api = [
        "--bind-address=0.0.0.0", f"--secure-port={addresses.API_PORT}", f"--advertise-address={addresses.NODE}",
        f"--client-ca-file={keys.authority}",
        f"--kubelet-client-certificate={keys.certificate('apiserver-kubelet')}",
        f"--kubelet-client-key={keys.key('apiserver-kubelet')}",
        *kubelets,
        *front_proxy,
        f"--proxy-client-cert-file={keys.certificate('front-proxy')}",
        f"--proxy-client-key-file={keys.key('front-proxy')}",
    ]  # fmt: skip
    arguments = _control_plane(layout, api, ["--allocate-node-cidrs=true", f"--cluster-cidr={addresses.PODS}"])
    arguments["containerd"] = [f"--config={configuration / 'containerd.toml'}"]
    arguments["kubelet"] = [
        f"--config={configuration / 'kubelet.yaml'}", f"--kubeconfig={layout.component_kubeconfig('kubelet')}",
        f"--hostname-override={addresses.NAME}", f"--node-ip={addresses.NODE}",
        f"--root-dir={INSIDE / 'node/kubelet'}",
    ]  # fmt: skip
    arguments["kube-proxy"] = [
        f"--config={configuration / 'kube-proxy.yaml'}", f"--hostname-override={addresses.NAME}",
    ]  # fmt: skip
    # It enforces network policies, and does nothing else here.
    arguments["kube-router"] = [
        f"--kubeconfig={layout.component_kubeconfig('kube-router')}", f"--hostname-override={addresses.NAME}",
        "--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--run-loadbalancer=false",
        "--metrics-port=0", f"--service-cluster-ip-range={addresses.SERVICES}",
    ]  # fmt: skip
    own = layout.component_kubeconfig("metrics-server")
    arguments["metrics-server"] = [
        f"--kubeconfig={own}", f"--authentication-kubeconfig={own}", f"--authorization-kubeconfig={own}",
        f"--bind-address={addresses.NODE}", f"--secure-port={addresses.METRICS_PORT}",
        f"--tls-cert-file={keys.certificate('metrics-server')}",
        f"--tls-private-key-file={keys.key('metrics-server')}",
        # What it would look up in the cluster, before node/basics.yaml lets it.
        "--authentication-skip-lookup=true", f"--client-ca-file={keys.authority}",
        *front_proxy,
        *kubelets,
        "--metric-resolution=15s",
    ]  # fmt: skip
    return [Component(name, (str(programs[name]), *arguments[name])) for name in (*_CONTROL_PLANE, *_NODE_COMPONENTS)]


def _control_plane(layout: Layout, api: list[str], controllers: list[str]) -> dict[str, list[str]]:
    """The arguments of its programs; `api` and `controllers` are added to those of two of them."""
    keys, sockets = layout.certificates, "unix://etcd"
    return {
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
            f"--tls-cert-file={keys.certificate('apiserver')}", f"--tls-private-key-file={keys.key('apiserver')}",
            f"--token-auth-file={layout.tokens}", "--anonymous-auth=false", "--authorization-mode=Node,RBAC",
            f"--service-account-key-file={layout.signing_key}",
            f"--service-account-signing-key-file={layout.signing_key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={addresses.SERVICES}",
            "--allow-privileged=true",
            "--profiling=false",
            *api,
        ],
        "kube-controller-manager": [
            f"--kubeconfig={layout.component_kubeconfig('kube-controller-manager')}",
            f"--service-account-private-key-file={layout.signing_key}",
            f"--root-ca-file={keys.authority}",
            "--use-service-account-credentials=true",
            "--leader-elect=false", "--secure-port=0", "--profiling=false",
            *controllers,
        ],
        "kube-scheduler": [
            f"--kubeconfig={layout.component_kubeconfig('kube-scheduler')}",
            "--leader-elect=false", "--secure-port=0", "--profiling=false",
        ],
    }  # fmt: skip
