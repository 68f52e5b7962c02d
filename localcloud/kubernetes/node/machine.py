"""Whether this machine lets the embedded node run, and which check failed where it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from groundwork.errors import LocalCloudError

RUNTIMES = ("runc", "crun")
_PROGRAMS = {
    "unshare": "apt install util-linux",
    "mount": "apt install mount",
    "ip": "apt install iproute2",
    "nft": "apt install nftables",
    "iptables": "apt install iptables",
    "ipset": "apt install ipset",
}
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # a user's PATH often lacks them
NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")


def problems() -> list[str]:
    """One sentence for each reason why the node cannot run here, with what would help; empty where it can."""
    if sys.platform != "linux":
        return ["containers need Linux; name a cluster in KUBECONFIG instead"]
    if os.geteuid() != 0:
        return ["only root may make the namespaces and mounts of a node: sudo -E gw local up --kubernetes"]
    reasons = [f"{name} is missing: {fix}" for name, fix in _PROGRAMS.items() if not which(name)]
    if not any(map(which, RUNTIMES)):
        reasons.append("a container runtime is missing: apt install runc")
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        reasons.append("the kernel has no overlay file system: modprobe overlay")
    return reasons or _refused_namespaces()


def runtime() -> Path:
    """The program that starts containers. Raises LocalCloudError where both are missing."""
    path = next(filter(None, map(which, RUNTIMES)), None)
    if path is None:
        raise LocalCloudError("the embedded node has no container runtime", fix="apt install runc")
    return Path(path)


def which(name: str) -> str | None:
    """The path of a program, also where the user's PATH lacks the folders of the system's programs."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS)))


def _refused_namespaces() -> list[str]:
    """A bridge and a firewall rule in new namespaces: what the node does first."""
    attempt = "ip link add probe type bridge && nft add table ip probe && mount -t proc proc /proc"
    done = subprocess.run(
        ["unshare", *NAMESPACES, "--fork", "sh", "-c", attempt],
        capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL,
        env={"PATH": os.pathsep.join((os.defpath, *_SYSTEM_FOLDERS))},
    )  # fmt: skip
    if done.returncode == 0:
        return []
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return [f"namespaces with a bridge and nftables are refused here ({reason}); a container often lacks these rights"]
