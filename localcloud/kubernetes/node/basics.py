"""What every pod of the node needs before it can run, the pause image and CoreDNS, and what measures pods."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping
from pathlib import Path

from groundwork.errors import LocalCloudError
from localcloud.kubernetes.node.configuration import PAUSE_IMAGE
from localcloud.kubernetes.node.images import Images

COREDNS_IMAGE = "localhost/groundwork/coredns:node"
_MANIFEST = Path(__file__).with_name("basics.yaml")
_SECONDS = 90
APPLY = ("apply", "--server-side", "--force-conflicts", "--filename=-")


def install(programs: Mapping[str, Path], *, run: Path, kubeconfig: Path, authority: Path) -> None:
    """Load both images where they are missing, and wait until CoreDNS answers. Raises LocalCloudError.

    `authority` is the certificate that issued that of metrics-server.
    """
    images = Images(programs["ctr"], run)
    images.load_program(PAUSE_IMAGE, programs["pause"], run)
    images.load_program(COREDNS_IMAGE, programs["coredns"], run)
    bundle = base64.b64encode(authority.read_bytes()).decode()
    manifest = _MANIFEST.read_text().replace("CA_BUNDLE", bundle)
    apply(programs["kubectl"], kubeconfig, manifest, namespace="kube-system", deployment="coredns")


def apply(kubectl: Path, kubeconfig: Path, manifest: str, *, namespace: str, deployment: str) -> None:
    """Apply objects, and wait until a deployment among them is ready. Raises LocalCloudError."""
    ready = ("rollout", "status", f"deployment/{deployment}", f"--namespace={namespace}", f"--timeout={_SECONDS}s")
    for arguments, document in ((APPLY, manifest), (ready, "")):
        run(kubectl, kubeconfig, *arguments, document=document, problem=f"{deployment} does not run")


def run(kubectl: Path, kubeconfig: Path, *arguments: str, document: str, problem: str) -> None:
    """Give kubectl a document. Raises LocalCloudError with the problem that a failure means."""
    done = subprocess.run(
        [kubectl, f"--kubeconfig={kubeconfig}", *arguments],
        input=document, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LocalCloudError(
            f"{problem} on the embedded node: `kubectl {' '.join(arguments)}` failed:\n{done.stderr.strip()}",
            fix="gw local reset forgets everything it holds",
        )
