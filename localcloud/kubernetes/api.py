"""What Groundwork itself asks the API server of the embedded Kubernetes."""

from __future__ import annotations

import ssl
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx

from localcloud.kubernetes.layout import ADMIN, NODE_LEASES, Layout
from localcloud.ports import HOST

# Two nodes in two zones, so that pods can be spread over hosts and zones.
NODES = {"laptop-1": "laptop-a", "laptop-2": "laptop-b"}
_PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_CAPACITY = {"cpu": "16", "memory": "64Gi", "pods": "110"}


class Api:
    """A signed-in client. Methods raise httpx.HTTPError where the server does not answer or refuses."""

    def __init__(self, layout: Layout, port: int) -> None:
        self._client = httpx.Client(
            base_url=f"https://{HOST}:{port}",
            headers={"Authorization": f"Bearer {layout.token(ADMIN)}"},
            verify=ssl.create_default_context(cafile=str(layout.certificates.authority)),
            timeout=10,
            trust_env=False,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def version(self) -> str:
        """Such as 1.34.4."""
        return str(self._get("/version")["gitVersion"]).removeprefix("v")

    def is_ready(self) -> bool:
        """Whether everything in the API server has started."""
        return self._client.get("/readyz").status_code == httpx.codes.OK

    def add_nodes(self) -> None:
        """Register the nodes that are missing."""
        for name, zone in NODES.items():
            labels = {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/zone": zone,
            }
            status = {"capacity": _CAPACITY, "allocatable": _CAPACITY}
            node = {"metadata": {"name": name, "labels": labels}, "status": status}
            answer = self._client.post("/api/v1/nodes", json=node)
            if answer.status_code != httpx.codes.CONFLICT:
                answer.raise_for_status()

    def remove_other_nodes(self, names: set[str]) -> None:
        """Forget the nodes of an earlier start of another kind; the controller manager then removes their pods."""
        for node in self._get("/api/v1/nodes", Accept=_PARTIAL)["items"] or []:
            if (name := node["metadata"]["name"]) not in names:
                self._client.delete(f"/api/v1/nodes/{name}").raise_for_status()

    def ready_nodes(self, since: datetime | None = None) -> int:
        """How many nodes take pods; with `since`, only those that renewed their lease after that moment."""
        renewed = {
            lease["metadata"]["name"]: datetime.fromisoformat(lease["spec"]["renewTime"])
            for lease in self._get(NODE_LEASES)["items"]
        }
        ready = [
            node["metadata"]["name"]
            for node in self._get("/api/v1/nodes")["items"]
            if _is_ready(node) and not node["spec"].get("taints")
        ]
        return sum(since is None or (name in renewed and renewed[name] >= since) for name in ready)

    def controllers_work(self) -> bool:
        """Whether the controller manager made the service account without which a namespace accepts no pod."""
        path = "/api/v1/namespaces/default/serviceaccounts/default"
        return self._client.get(path).status_code == httpx.codes.OK

    def pods(self) -> tuple[int, int]:
        """Pods that are ready, and all pods."""
        pods = self._get("/api/v1/pods")["items"]
        return sum(_is_ready(pod) for pod in pods), len(pods)

    def releases(self) -> list[str]:
        """Helm releases that are deployed, as namespace/name."""
        path = "/api/v1/secrets?labelSelector=owner%3Dhelm,status%3Ddeployed"
        secrets = [secret["metadata"] for secret in self._get(path, Accept=_PARTIAL)["items"] or []]
        return sorted({f"{secret['namespace']}/{secret['labels']['name']}" for secret in secrets})

    def _get(self, path: str, **headers: str) -> Any:
        answer = self._client.get(path, headers=headers)
        return answer.raise_for_status().json()


def _is_ready(item: Any) -> bool:
    conditions = item.get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
