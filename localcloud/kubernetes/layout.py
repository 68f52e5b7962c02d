"""The embedded Kubernetes on disk: where its files lie, and the credentials that are made before its first start."""

from __future__ import annotations

import csv
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import LocalCloudError
from localcloud.ports import HOST

NODE_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
ADMIN = "admin"
# Who signs in with a token of their own, and the group that gives them their rights. The controller manager and the
# scheduler have the roles that Kubernetes itself makes for them; kwok stands in for kubelets, which no role covers.
USERS = {
    ADMIN: ("groundwork-admin", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kwok": ("groundwork-kwok", "system:masters"),
}
_OURS = "# Written by `gw local up --kubernetes` and removed by `gw local down`.\n"


@dataclass(frozen=True)
class Layout:
    """Everything lies in `home`, readable by its owner alone."""

    home: Path

    @property
    def kubeconfig(self) -> Path:
        """What kubectl, helm and Terraform's Helm provider are given; there while the cluster runs."""
        return self.home / "kubeconfig"

    @property
    def record(self) -> Path:
        """What is written down about the running cluster."""
        return self.home / "cluster.json"

    @property
    def plan(self) -> Path:
        """What the supervisor is to run."""
        return self.home / "components.json"

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops the cluster."""
        return self.home / "lock"

    @property
    def credentials(self) -> Path:
        """Certificate and keys of the API server, tokens, and the components' kubeconfigs."""
        return self.home / "credentials"

    @property
    def certificate(self) -> Path:
        """What clients trust; the API server signs it itself at its first start."""
        return self.credentials / "apiserver.crt"

    @property
    def signing_key(self) -> Path:
        """Signs the tokens of service accounts."""
        return self.credentials / "service-account.key"

    @property
    def tokens(self) -> Path:
        """The API server's list of tokens: token, user, uid, groups."""
        return self.credentials / "tokens.csv"

    @property
    def data(self) -> Path:
        """etcd's files: every object of the cluster."""
        return self.home / "data"

    @property
    def logs(self) -> Path:
        """A log per component."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Where the components work; etcd's sockets lie here, so that nobody else on the machine reaches them."""
        return self.home / "run"

    # ── making ─────────────────────────────────────────────────────────────────────────────────────
    def prepare(self) -> None:
        """Make the folders, the signing key and the tokens where they are missing."""
        for folder in (self.home, self.credentials, self.data, self.logs, self.run):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        if not self.signing_key.exists():
            write_private(self.signing_key, _private_key())
        if not self.tokens.exists():
            lines = [[secrets.token_urlsafe(32), user, user, group] for user, group in USERS.values()]
            write_private(
                self.tokens, "".join(f'{token},{user},{uid},"{group}"\n' for token, user, uid, group in lines)
            )

    def token(self, who: str) -> str:
        """The token of one of USERS."""
        user = USERS[who][0]
        with self.tokens.open(newline="") as file:
            return next(row[0] for row in csv.reader(file) if row[1] == user)

    def component_kubeconfig(self, who: str) -> Path:
        """Where a component finds the API server and its token."""
        return self.credentials / f"{who}.kubeconfig"

    def write_kubeconfig(self, path: Path, who: str, port: int) -> None:
        """A kubeconfig for one of USERS, mode 0600. It names the certificate's file, so that it may be written first.

        Written as JSON, which every reader of YAML reads.
        """
        write_private(path, _OURS + json.dumps(self._kubeconfig(who, port), indent=2) + "\n")

    def refuse_foreign_kubeconfig(self) -> None:
        """Raise where the user put the kubeconfig of another cluster in our place."""
        if self.kubeconfig.exists() and not self.is_ours():
            raise LocalCloudError(
                f"{self.kubeconfig} is the kubeconfig of another cluster, put there by hand",
                fix=f"go on with that cluster, or remove the file: rm {self.kubeconfig}",
            )

    def is_ours(self) -> bool:
        """Whether the kubeconfig that lies there is the embedded cluster's."""
        try:
            return self.kubeconfig.read_text(encoding="utf-8", errors="replace").startswith(_OURS)
        except OSError:
            return False

    def _kubeconfig(self, who: str, port: int) -> dict[str, Any]:
        name = "groundwork"
        cluster = {"server": f"https://{HOST}:{port}", "certificate-authority": str(self.certificate)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": who, "user": {"token": self.token(who)}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": who}}],
            "current-context": name,
        }


def write_private(path: Path, text: str) -> None:
    """Write a file in one step; at no time can another user read it."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
