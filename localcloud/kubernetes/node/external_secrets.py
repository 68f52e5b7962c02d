"""External Secrets on the node: it copies secrets of the embedded AWS's Secrets Manager into Secrets of a namespace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.aws.identity import DEFAULT_REGION
from localcloud.kubernetes.node import basics
from localcloud.kubernetes.node.images import Images
from localcloud.profile import Keys

PROGRAM = "external-secrets"
IMAGE = "localhost/groundwork/external-secrets:node"
STORE = "aws"
"""The name of each namespace's SecretStore."""
_WRITER = "groundwork-external-secrets-writer"  # a role of external_secrets.yaml
_CREDENTIALS = "aws-of-external-secrets"
_MANIFEST = Path(__file__).with_name("external_secrets.yaml")


def install(programs: Mapping[str, Path], *, run: Path, kubeconfig: Path) -> None:
    """Load its image where it is missing, and wait until its controller works. Raises LocalCloudError."""
    Images(programs["ctr"], run).load_program(IMAGE, programs[PROGRAM], run)
    # The definitions of its kinds, which the build put beside the program.
    kinds = [file.read_text() for file in sorted(programs[PROGRAM].resolve().parent.glob("*.yaml"))]
    manifest = "\n---\n".join([*kinds, _MANIFEST.read_text()])
    basics.apply(programs["kubectl"], kubeconfig, manifest, namespace=PROGRAM, deployment=PROGRAM)


def add_store(kubectl: Path, kubeconfig: Path, namespace: str, keys: Keys, *, token: str = "") -> None:
    """Give a namespace, made where it is missing, its SecretStore. Raises LocalCloudError.

    `keys` are of the embedded AWS, with the `token` of a session; what they may read decides what the namespace gets.
    """
    objects = _store(namespace, {"access-key": keys.access_key, "secret": keys.secret, "token": token})
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    # A field manager of its own, so that labels which others gave the namespace stay.
    apply = (*basics.APPLY, "--field-manager=groundwork-secret-store")
    basics.run(kubectl, kubeconfig, *apply, document=document, problem=f"{namespace} gets no store of secrets")


def _store(namespace: str, keys: Mapping[str, str]) -> list[dict[str, Any]]:
    """The namespace, its store, and the controller's right to write Secrets there."""
    names = {"accessKeyID": "access-key", "secretAccessKey": "secret", "sessionToken": "token"}
    references = {f"{name}SecretRef": {"name": _CREDENTIALS, "key": key} for name, key in names.items() if keys[key]}
    writer = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _WRITER}
    controller = {"kind": "ServiceAccount", "name": PROGRAM, "namespace": PROGRAM}
    provider = {"service": "SecretsManager", "region": DEFAULT_REGION, "auth": {"secretRef": references}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        _object("v1", "Secret", namespace, _CREDENTIALS, stringData=dict(keys)),
        _object(
            "rbac.authorization.k8s.io/v1", "RoleBinding", namespace, _WRITER, roleRef=writer, subjects=[controller]
        ),
        _object("external-secrets.io/v1", "SecretStore", namespace, STORE, spec={"provider": {"aws": provider}}),
    ]


def _object(version: str, kind: str, namespace: str, name: str, **body: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **body}
