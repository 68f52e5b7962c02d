"""The configuration files of containerd, kubelet, kube-proxy and the pods' network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from localcloud.files import write_atomically
from localcloud.kubernetes.node.addresses import DNS_SERVICE, NODE, PODS
from localcloud.kubernetes.node.certificates import Certificates

PAUSE_IMAGE = "localhost/groundwork/pause:node"
CONTAINERD_SOCKET = "containerd.sock"
"""In the folder that the components work in: host and node see it, and a client there reaches it by this name."""
INSIDE = Path("/run/groundwork")
"""Where the node sees its folder: below a path so short that the names of sockets fit."""


def write(home: Path, *, runtime: Path, plugins: Path, certificates: Certificates, proxy_kubeconfig: Path) -> None:
    """Write all files into `home`; `runtime` is runc or crun, `plugins` the folder with the programs of the network."""
    folder = home / "configuration"
    network = folder / "network"
    network.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "containerd.toml", _containerd(runtime, plugins, network))
    write_atomically(network / "10-pods.conflist", json.dumps(_NETWORK, indent=2))
    write_atomically(folder / "resolv.conf", "# Pods ask CoreDNS; names outside the cluster are not known.\n")
    kubelet, proxy = _kubelet(folder, certificates), _proxy(proxy_kubeconfig)
    # JSON is YAML, and needs no escaping of our own.
    write_atomically(folder / "kubelet.yaml", json.dumps(kubelet, indent=2))
    write_atomically(folder / "kube-proxy.yaml", json.dumps(proxy, indent=2))


def _containerd(runtime: Path, plugins: Path, network: Path) -> str:
    text = json.dumps  # a string of JSON is a string of TOML
    return f"""version = 3
root = {text(str(INSIDE / "node/containerd"))}
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri"]

[grpc]
address = {text(str(INSIDE / "run" / CONTAINERD_SOCKET))}

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
disable_apparmor = true
# As on EKS: CoreDNS listens on port 53 without a capability, where network policies expect it.
enable_unprivileged_ports = true
# Without CAP_SYS_RESOURCE runc may not lower a score, and ends.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [{text(str(plugins))}]
conf_dir = {text(str(network))}
use_internal_loopback = true
[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = {text(str(runtime))}
SystemdCgroup = false
"""


_NETWORK: dict[str, Any] = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        {
            "type": "ptp",
            "ipMasq": False,  # nothing outside the node is reachable, so no address has to be hidden
            "ipam": {
                "type": "host-local",
                "dataDir": "/run/pod-addresses",
                "ranges": [[{"subnet": PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}, "backend": "nftables"},
    ],
}


def _kubelet(folder: Path, certificates: Certificates) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(certificates.authority)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(certificates.certificate("kubelet")),
        "tlsPrivateKeyFile": str(certificates.key("kubelet")),
        "containerRuntimeEndpoint": f"unix://{INSIDE / 'run' / CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": ["pods"],
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_SERVICE],
        "resolvConf": str(folder / "resolv.conf"),
        "podLogsDir": "/var/log/pods",
        "healthzPort": 0,
        "readOnlyPort": 0,
        # A laptop's disk is often fuller than a server's; pods are evicted for memory alone.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,  # images are loaded, and could not be pulled again
        "shutdownGracePeriod": "0s",
        "featureGates": {},
    }


def _proxy(kubeconfig: Path) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": PODS,
        "nodePortAddresses": [f"{NODE}/32"],
        "conntrack": {"maxPerCore": 0, "min": 0},  # these settings are the host's
        "healthzBindAddress": f"{NODE}:10256",
        "metricsBindAddress": "127.0.0.1:10249",
    }
