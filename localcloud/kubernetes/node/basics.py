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


def install(programs: Mapping[str, Path], *, run: Path, kubeconfig: Path, authority: Path) -> None:
    """Load both images where they are missing, and wait until CoreDNS answers. Raises LocalCloudError.

    `authority` is the certificate that issued that of metrics-server.
    """
    images = Images(programs["ctr"], run)
    images.load_program(PAUSE_IMAGE, programs["pause"], run)
    images.load_program(COREDNS_IMAGE, programs["coredns"], run)
    bundle = base64.b64encode(authority.read_bytes()).decode()
    manifest = _MANIFEST.read_text().replace("CA_BUNDLE", bundle)
    _kubectl(programs, kubeconfig, "apply", "--server-side", "--force-conflicts", "--filename=-", document=manifest)
    _kubectl(
        programs, kubeconfig, "rollout", "status", "deployment/coredns", "--namespace=kube-system",
        f"--timeout={_SECONDS}s",
    )  # fmt: skip


def _kubectl(programs: Mapping[str, Path], kubeconfig: Path, *arguments: str, document: str = "") -> None:
    done = subprocess.run(
        [programs["kubectl"], f"--kubeconfig={kubeconfig}", *arguments],
        input=document, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LocalCloudError(
            f"the embedded node has no DNS: `kubectl {' '.join(arguments)}` failed:\n{done.stderr.strip()}",
            fix="gw local reset forgets everything it holds",
        )
