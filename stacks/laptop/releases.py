"""Releases of the services on the node: the chart and the values of the workloads stack, by the helm binary."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from groundwork.errors import ReleaseFailed
from localcloud.kubernetes.helm import without_clusters
from localcloud.kubernetes.node.addresses import NODE
from stacks.blocks.cluster.service_release import CHART, chart_values
from stacks.images.builder import Image
from stacks.values.workloads import Egress, Workload

_SECONDS = 180


Entries = Mapping[str, Mapping[str, Any]]


def read(file: Path) -> Entries:
    """The entries of services/workloads.yaml, by service."""
    entries: Entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    return entries


def workloads(entries: Entries, images: Mapping[str, Image], ports: Mapping[str, list[int]]) -> dict[str, Workload]:
    """The entries with image, tag and what each may connect to."""
    return {
        name: Workload(
            **entry,
            image=images[name].repository,
            tag=images[name].tag,
            egress=[Egress(cidr=f"{NODE}/32", ports=ports[name])] if ports[name] else [],
        )
        for name, entry in entries.items()
    }


@dataclass(frozen=True)
class Releases:
    """Releases services into the cluster of `kubeconfig`; `programs` has helm and kubectl."""

    programs: Mapping[str, Path]
    kubeconfig: Path

    def deploy(self, name: str, workload: Workload, variables: Mapping[str, str], *, node_port: int) -> None:
        """Install or upgrade it with `variables` as its secret, and wait until its pods are ready.

        This machine reaches it by `node_port`. Raises ReleaseFailed.
        """
        objects = around(name, workload.namespace, variables, node_port)
        self._run("kubectl", "apply", "--filename=-", document="\n---\n".join(map(json.dumps, objects)))
        values = chart_values(workload, workload.image)
        values["image"]["pullPolicy"] = "Never"
        # Another secret has to restart the pods.
        values["secrets"]["revision"] = hashlib.sha256(json.dumps(dict(variables)).encode()).hexdigest()[:12]
        self._run(
            "helm", "upgrade", "--install", name, str(CHART), f"--namespace={workload.namespace}",
            "--wait", "--wait-for-jobs", f"--timeout={_SECONDS}s", "--values=-", document=json.dumps(values),
        )  # fmt: skip

    def _run(self, program: str, *arguments: str, document: str) -> None:
        command = [str(self.programs[program]), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(
            command, input=document, capture_output=True, text=True, check=False, env=without_clusters(os.environ)
        )
        if done.returncode != 0:
            raise ReleaseFailed(
                f"`{program} {' '.join(arguments)}` failed:\n{done.stderr.strip()}",
                fix=f"kubectl --kubeconfig {self.kubeconfig} get events --all-namespaces",
            )


def around(name: str, namespace: str, variables: Mapping[str, str], node_port: int) -> list[dict[str, Any]]:
    """The namespace, which takes restricted pods alone, the secret, and the way in from this machine."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    way_in = {
        "type": "NodePort",
        "selector": {"app.kubernetes.io/name": name},
        "ports": [{"port": 80, "targetPort": "http", "nodePort": node_port}],
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": dict(variables),
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{name}-outside", "namespace": namespace},
            "spec": way_in,
        },
    ]
