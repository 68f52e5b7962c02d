"""What a person does with a node and a service on it."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from localcloud.kubernetes.cluster import EmbeddedKubernetes, Status
from localcloud.kubernetes.node.images import Images
from stacks.images.builder import Image
from stacks.laptop.releases import around

NODE_PORT, SECOND_NODE_PORT = 30700, 30701
NAMESPACE = "money"
TOKEN = "token-of-the-tests"


@dataclass(frozen=True)
class NodeLaptop:
    """An embedded Kubernetes with a node."""

    cluster: EmbeddedKubernetes
    programs: Mapping[str, Path]
    reachable: Mapping[int, int]
    published: Mapping[int, int]

    def up(self, wait: timedelta = timedelta(seconds=120)) -> Status:
        return self.cluster.up(self.programs, node=True, reachable=self.reachable, published=self.published, wait=wait)

    @property
    def images(self) -> Images:
        return Images(self.programs["ctr"], self.cluster.layout.run)

    def run(self, program: str, *arguments: str, document: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(self.programs[program]), f"--kubeconfig={self.cluster.layout.kubeconfig}", *arguments]
        return subprocess.run(command, input=document, capture_output=True, text=True, check=False, timeout=300)

    def kubectl(self, *arguments: str, document: str = "") -> str:
        done = self.run("kubectl", *arguments, document=document)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, *objects: Mapping[str, Any]) -> None:
        self.kubectl("apply", "--filename=-", document="\n---\n".join(json.dumps(each) for each in objects))

    def url_of(self, node_port: int) -> str:
        """Of a port of the node, from outside."""
        return next(f"http://127.0.0.1:{port}" for port, inside in self.published.items() if inside == node_port)


@dataclass
class Load:
    """What requests were answered; 0 stands for no answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)

    def wait_for_more(self, count: int = 10) -> None:
        """Until that many further posts are acknowledged."""
        enough = len(self.acknowledged) + count
        wait_for(lambda: len(self.acknowledged) >= enough)


@dataclass(frozen=True)
class Service:
    """The ledger as a release of the chart."""

    laptop: NodeLaptop
    image: Image
    chart: Path
    database_url: str
    namespace: str = NAMESPACE
    node_port: int = NODE_PORT

    def prepare(self) -> None:
        """Its namespace, its secret, and a way in from this machine."""
        secret = {"DATABASE_URL": self.database_url, "LEDGER_AUTH_TOKEN": TOKEN}
        self.laptop.apply(*around("ledger", self.namespace, secret, self.node_port))

    def upgrade(self, *options: str, **changes: Any) -> subprocess.CompletedProcess[str]:
        """`helm upgrade`, and what it answers."""
        values: dict[str, Any] = {
            "image": {"repository": self.image.repository, "tag": self.image.tag, "pullPolicy": "Never"},
            "port": 7000,
            "replicas": {"min": 2, "max": 2},
            "secrets": {"names": ["ledger"]},
            "migrations": {"command": ["python3", "-m", "servicekit", "migrate"]},
            "networkPolicy": {"egress": [{"to": [{"ipBlock": {"cidr": "10.88.0.1/32"}}]}]},
            "shutdown": {"drainSeconds": 3, "graceSeconds": 20},
            **changes,
        }
        return self.laptop.run(
            "helm", "upgrade", "--install", "ledger", str(self.chart), f"--namespace={self.namespace}",
            "--wait", "--timeout=150s", "--values=-", *options, document=json.dumps(values),
        )  # fmt: skip

    def deploy(self, **changes: Any) -> None:
        done = self.upgrade(**changes)
        assert done.returncode == 0, done.stderr + self.laptop.kubectl("get", "events", "--all-namespaces")
        wait_for(self.answers)  # Helm returns up to a second before kube-proxy sends requests to the first pod

    def answers(self) -> bool:
        """Whether requests from outside reach a pod."""
        try:
            return httpx.get(f"{self.laptop.url_of(self.node_port)}/livez", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def pods(self) -> list[dict[str, Any]]:
        """The running pods, without those that end."""
        listed = self.laptop.kubectl(
            "get", "pods", f"--namespace={self.namespace}", "--selector=app.kubernetes.io/name=ledger", "--output=json"
        )
        return [pod for pod in json.loads(listed)["items"] if "deletionTimestamp" not in pod["metadata"]]

    def restarts(self) -> int:
        return sum(status["restartCount"] for pod in self.pods() for status in pod["status"]["containerStatuses"])

    def ready(self) -> int:
        return sum(status["ready"] for pod in self.pods() for status in pod["status"].get("containerStatuses", ()))

    def inside(self, *command: str) -> str:
        """What a command in one of its pods prints."""
        pod = self.pods()[0]["metadata"]["name"]
        return self.laptop.kubectl("exec", f"--namespace={self.namespace}", pod, "--", *command)

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """Run a command in each of its pods while the context lasts."""
        kubectl = [str(self.laptop.programs["kubectl"]), f"--kubeconfig={self.laptop.cluster.layout.kubeconfig}"]
        started = [
            subprocess.Popen(
                [*kubectl, "exec", f"--namespace={self.namespace}", pod["metadata"]["name"], "--", *command],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for pod in self.pods()
        ]  # fmt: skip
        try:
            yield
        finally:
            for process in started:
                process.kill()
                process.wait()

    def elsewhere(self, name: str, program: str) -> str:
        """What a Python program prints in a pod of its own, which no policy selects."""
        security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        container = {
            "name": "python",
            "image": self.image.name,
            "imagePullPolicy": "Never",
            "command": ["python3", "-c", program],
            "securityContext": security,
        }
        pod_security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
        self.laptop.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {"restartPolicy": "Never", "securityContext": pod_security, "containers": [container]},
            }
        )
        pod = [f"pod/{name}", f"--namespace={self.namespace}"]
        self.laptop.kubectl("wait", *pod, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
        printed = self.laptop.kubectl("logs", *pod)
        self.laptop.kubectl("delete", *pod, "--wait=false")
        return printed

    def post(self, identifier: str, token: str = TOKEN) -> int:
        """Move one from an account to another; the status, 0 where no answer came."""
        lines = [{"account": "alice", "delta": -1}, {"account": "bob", "delta": 1}]
        try:
            return httpx.post(
                f"{self.laptop.url_of(self.node_port)}/v1/transactions",
                json={"id": identifier, "lines": lines},
                headers={"Authorization": f"Bearer {token}"},
                timeout=15,
            ).status_code
        except httpx.HTTPError:
            return 0

    def balance(self, account: str) -> int:
        answer = httpx.post(
            f"{self.laptop.url_of(self.node_port)}/v1/accounts/_search",
            json={"query": {"must": {"fields": [{"id": {"eq": account}}]}}},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=15,
        )
        return int(answer.json()[0]["balance"])

    @contextmanager
    def under_load(self, name: str, token: str = TOKEN) -> Iterator[Load]:
        """Ten posts a second, each on a connection of its own, while the context lasts."""
        load, stop = Load(), threading.Event()

        def send() -> None:
            number = 0
            while not stop.wait(0.1):
                number += 1
                identifier = f"{name}-{number}"
                status = self.post(identifier, token)
                load.statuses[status] += 1
                if status == 201:
                    load.acknowledged.append(identifier)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield load
        finally:
            stop.set()
            sender.join()


def wait_for(condition: Any, *, seconds: float = 90) -> None:
    """Until it holds; an assertion where it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.3)
