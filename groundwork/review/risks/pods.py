"""What pods of Helm releases may newly do: Kubernetes' restricted Pod Security Standard, tokens and images.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, as of Kubernetes 1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.review.compare import StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.snapshot import Resource, StackSnapshot
from groundwork.review.values import Value, as_list, blocks, plain, value_at

_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
_VOLUMES = {
    "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
    "image",
}  # fmt: skip
_CAPABILITY = "NET_BIND_SERVICE"
"""The only one that a restricted container may add."""
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip
_SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_TRUE, _FALSE = {"true", "yes", "on", "y"}, {"false", "no", "off", "n"}


@dataclass(frozen=True)
class _Weakness:
    """Something that a pod of an object may do; `what` goes on in a sentence behind the object's name."""

    severity: Severity
    what: str


def find(stack: StackComparison) -> Iterator[Risk]:
    """Everything that a release's objects newly may, or that they are newly made with."""
    for change in stack.changes:
        before = {name: set(_weaknesses(item)) for name, item in objects_of(stack.before, change.before).items()}
        for name, item in objects_of(stack.after, change.after).items():
            for weakness in dict.fromkeys(_weaknesses(item)):
                if weakness not in before.get(name, set()):
                    yield change.risk(Concern.ACCESS, weakness.severity, f"{name} {weakness.what}.")


def objects_of(side: StackSnapshot | None, resource: Resource | None) -> Mapping[str, Value]:
    """The rendered objects of a resource that differ; empty where it is not a release, or was not rendered."""
    release = side.releases.get(resource.address) if side and resource else None
    return release.objects if release else {}


def _weaknesses(item: Value) -> Iterator[_Weakness]:
    for pod in _pods(plain(item)):
        yield from _of_pod(pod)
        containers = [
            (container, kind)
            for kind in ("containers", "initContainers", "ephemeralContainers")
            for container in blocks(pod.get(kind))
        ]
        for container, _ in containers:
            yield from _of_container(container, pod)
    if value_at(item, "kind") == "ServiceAccount" and not _is_off(value_at(item, "automountServiceAccountToken")):
        yield _Weakness(_MEDIUM, "hands its token to every pod that does not refuse it")


def _pods(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every specification of a pod in an object, of whatever kind: a Pod, a Deployment, an operator's own."""
    if isinstance(value, Mapping):
        if blocks(value.get("containers")):
            yield value
        for item in value.values():
            yield from _pods(item)
    elif isinstance(value, list):
        for item in value:
            yield from _pods(item)


def _of_pod(pod: Mapping[str, Any]) -> Iterator[_Weakness]:
    for key, what in (("hostNetwork", "network"), ("hostPID", "processes"), ("hostIPC", "memory of others")):
        if _is_on(pod.get(key)):
            yield _Weakness(_HIGH, f"shares the node's {what} ({key})")
    for volume in blocks(pod.get("volumes")):
        if (path := value_at(volume, "hostPath", "path")) is not None or "hostPath" in volume:
            yield _Weakness(_HIGH, f"mounts {path} of the node (hostPath)")
        for kind in sorted(volume.keys() - _VOLUMES - {"hostPath"}):
            yield _Weakness(_MEDIUM, f"has a volume {volume.get('name')} of the kind {kind}, which is not restricted")
    for sysctl in blocks(value_at(pod, "securityContext", "sysctls")):
        if sysctl.get("name") not in _SYSCTLS:
            yield _Weakness(_MEDIUM, f"sets the kernel's {sysctl.get('name')}")
    if _is_on(value_at(pod, "securityContext", "windowsOptions", "hostProcess")):
        yield _Weakness(_HIGH, "runs as a process of the node (hostProcess)")
    if not _is_off(pod.get("automountServiceAccountToken")):
        name = pod.get("serviceAccountName") or "default"
        yield _Weakness(_MEDIUM, f"gets the token of the service account {name}, unless that account refuses it")


def _of_container(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[_Weakness]:
    own, shared = value_at(container, "securityContext") or {}, value_at(pod, "securityContext") or {}
    name = f"container {container.get('name')}"

    def setting(*path: str) -> Any:
        """A container's setting, which wins over the pod's."""
        value = value_at(own, *path)
        return value_at(shared, *path) if value is None else value

    for severity, is_weak, what in _checks(own, setting):
        if is_weak:
            yield _Weakness(severity, f"{what} ({name})")
    for port in blocks(container.get("ports")):
        if port.get("hostPort") not in (None, 0):
            yield _Weakness(_MEDIUM, f"takes the node's port {port['hostPort']} ({name})")
    image = container.get("image")
    if isinstance(image, str) and "@sha256:" not in image:
        yield _Weakness(_LOW, f"runs {_repository(image)} by a tag, which may come to mean another image ({name})")


def _repository(image: str) -> str:
    """An image without its tag: `registry:5000/name:tag` → `registry:5000/name`."""
    return image.removesuffix(f":{image.rpartition(':')[2]}") if ":" in image.rpartition("/")[2] else image


def _checks(own: Mapping[str, Any], setting: Callable[..., Any]) -> Iterator[tuple[Severity, bool, str]]:
    added = [str(name) for name in as_list(value_at(own, "capabilities", "add"))]
    dropped = [str(name).upper() for name in as_list(value_at(own, "capabilities", "drop"))]
    seccomp = setting("seccompProfile", "type")
    yield _HIGH, _is_on(own.get("privileged")), "is privileged: it may do on the node whatever root may"
    for capability in added:
        yield _HIGH, capability.upper() != _CAPABILITY, f"adds the capability {capability}"
    yield _MEDIUM, "ALL" not in dropped, "keeps capabilities: it does not drop ALL"
    yield _MEDIUM, not _is_off(own.get("allowPrivilegeEscalation")), "may gain privileges (allowPrivilegeEscalation)"
    yield _MEDIUM, not _is_on(setting("runAsNonRoot"), known=True), "may run as root: runAsNonRoot is not true"
    yield _MEDIUM, setting("runAsUser") in (0, "0"), "runs as root (runAsUser 0)"
    yield _MEDIUM, not _is_on(own.get("readOnlyRootFilesystem"), known=True), "may write to its root file system"
    yield _MEDIUM, seccomp not in ("RuntimeDefault", "Localhost"), f"has the seccomp profile {seccomp or 'of the node'}"
    yield _MEDIUM, setting("appArmorProfile", "type") == "Unconfined", "is not confined by AppArmor"
    yield _HIGH, own.get("procMount") not in (None, "Default"), "sees the whole of /proc (procMount)"
    selinux = setting("seLinuxOptions") or {}
    weakened = (selinux.get("type") or "") not in _SELINUX or bool(selinux.get("user") or selinux.get("role"))
    yield _MEDIUM, weakened, "has SELinux options of its own"


def _is_on(value: Any, *, known: bool = False) -> bool:
    """Whether a switch is on, or an expression that may be; with `known` only where it is certainly on."""
    text = str(value).lower()
    return text in _TRUE or ("${" in text and not known)


def _is_off(value: Any) -> bool:
    """Whether a switch is certainly off."""
    return str(value).lower() in _FALSE
