"""The embedded Kubernetes on disk: where its files lie, and the credentials that are made before its first start."""

from __future__ import annotations

import csv
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundwork.errors import LocalCloudError
from localcloud.files import write_atomically
from localcloud.kubernetes.node.addresses import NAME as NODE_NAME
from localcloud.kubernetes.node.certificates import Certificates
from localcloud.ports import HOST

NODE_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
ADMIN = "admin"
# Who signs in with a token of their own, and the group that gives them their rights. The controller manager and the
# scheduler have the roles that Kubernetes itself makes for them; kwok acts for kubelets, which no role covers.
USERS = {
    ADMIN: ("groundwork-admin", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kwok": ("groundwork-kwok", "system:masters"),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
    "kube-proxy": ("system:kube-proxy", ""),
    "kube-router": ("groundwork-kube-router", ""),  # node/basics.yaml makes the roles of this and the next
    "metrics-server": ("groundwork-metrics-server", ""),
}
_HEADER = "# Written by `gw local up --kubernetes` and removed by `gw local down`.\n"


class Layout:
    """Everything lies in `home`, readable by its owner alone."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.kubeconfig = home / "kubeconfig"  # for kubectl, helm and Terraform's Helm provider, while the cluster runs
        self.record = home / "cluster.json"  # the supervisor's process
        self.plan = home / "components.json"  # what the supervisor has to run
        self.programs = home / "programs"  # links to what the components run
        self.node_marker = home / "runs-containers"  # exists where the cluster was last started with the embedded node
        self.lock = home / "lock"  # held by whoever starts or stops the cluster
        self.data = home / "data"  # etcd's files: every object of the cluster
        self.logs = home / "logs"
        self.run = home / "run"  # where the components work, etcd's sockets included: no other user reaches them
        self.credentials = home / "credentials"  # certificate and keys of the API server, tokens, kubeconfigs
        self.certificates = Certificates(self.credentials)  # of the API server and the kubelet
        self.node = home / "node"  # what the embedded node keeps: images and the volumes of its pods
        self.signing_key = self.credentials / "service-account.key"  # signs the tokens of service accounts
        self.tokens = self.credentials / "tokens.csv"  # for the API server: token, user, uid, groups

    def log(self, program: str) -> Path:
        """The log of a component or of the supervisor."""
        return self.logs / f"{program}.log"

    def prepare(self) -> None:
        """Make the folders, the certificates, the signing key and the tokens where they are missing."""
        for folder in (self.home, self.credentials, self.data, self.logs, self.run, self.node):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        if not self.signing_key.exists():
            write_atomically(self.signing_key, _private_key(), mode=0o600)
        if not self.certificates.are_current:
            from localcloud.kubernetes.node.issue import issue_all  # noqa: PLC0415 - most commands make none

            issue_all(self.certificates)
        known = self._known_tokens()
        if any(name not in known for name, _ in USERS.values()):
            lines = [
                f'{known.get(name) or secrets.token_urlsafe(32)},{name},{name},"{group}"\n'
                for name, group in USERS.values()
            ]
            write_atomically(self.tokens, "".join(lines), mode=0o600)

    def link(self, programs: Mapping[str, Path]) -> None:
        """Link each program under its own name, which containerd and kubelet look for."""
        shutil.rmtree(self.programs, ignore_errors=True)
        self.programs.mkdir(parents=True)
        for name, path in programs.items():
            (self.programs / name).symlink_to(path)

    def token(self, user: str) -> str:
        """The token of one of USERS."""
        return self._known_tokens()[USERS[user][0]]

    def _known_tokens(self) -> dict[str, str]:
        """Tokens by the name that they sign in."""
        if not self.tokens.exists():
            return {}
        with self.tokens.open(newline="") as file:
            return {name: token for token, name, *_ in csv.reader(file)}

    def component_kubeconfig(self, user: str) -> Path:
        """Where a component finds the API server and its token."""
        return self.credentials / f"{user}.kubeconfig"

    def write_kubeconfig(self, path: Path, user: str, port: int) -> None:
        """Write the kubeconfig of one of USERS, mode 0600.

        Written as JSON, which every reader of YAML reads.
        """
        write_atomically(path, _HEADER + json.dumps(self._kubeconfig(user, port), indent=2) + "\n", mode=0o600)

    def refuse_foreign_kubeconfig(self) -> None:
        """Raise where the user put the kubeconfig of another cluster in the place of the embedded cluster's."""
        if self.kubeconfig.exists() and not self.owns_kubeconfig():
            raise LocalCloudError(
                f"{self.kubeconfig} is the kubeconfig of another cluster, put there by hand",
                fix=f"keep using that cluster, or remove the file: rm {self.kubeconfig}",
            )

    def owns_kubeconfig(self) -> bool:
        """Whether the kubeconfig is the embedded cluster's."""
        try:
            return self.kubeconfig.read_text(encoding="utf-8", errors="replace").startswith(_HEADER)
        except OSError:
            return False

    def _kubeconfig(self, user: str, port: int) -> dict[str, Any]:
        name = "groundwork"
        cluster = {"server": f"https://{HOST}:{port}", "certificate-authority": str(self.certificates.authority)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
            "current-context": name,
        }


def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
