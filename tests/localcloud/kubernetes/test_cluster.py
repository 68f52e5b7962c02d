"""The embedded Kubernetes: a real API that survives whatever happens to its processes, for one user alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
import typer
from typer.testing import CliRunner

from groundwork.cli import local as command
from localcloud.cloud import LocalCloud
from localcloud.kubernetes.layout import Layout
from tests.localcloud.kubernetes.conftest import Laptop, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kubernetes")]


def processes(laptop: Laptop) -> dict[str, psutil.Process]:
    """Name → process, the supervisor included."""
    status = laptop.cluster.status()
    assert status is not None
    supervisor = psutil.Process(status.pid)
    children = [child for child in supervisor.children() if child.status() != psutil.STATUS_ZOMBIE]
    return {"supervisor": supervisor} | {Path(child.cmdline()[0]).name: child for child in children}


def test_every_component_runs_and_listens_on_the_loopback_only(laptop: Laptop) -> None:
    running = processes(laptop)
    assert set(running) == {"supervisor", *laptop.programs}
    listening = {
        (name, connection.laddr.ip)
        for name, process in running.items()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {("kube-apiserver", "127.0.0.1")}


def test_nobody_else_on_the_machine_can_read_its_files(laptop: Laptop) -> None:
    layout = laptop.cluster.layout
    for path in (layout.kubeconfig, layout.tokens, layout.signing_key, layout.plan):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.home.stat().st_mode) == 0o700


def test_nobody_gets_in_without_a_token(laptop: Laptop) -> None:
    status = laptop.cluster.status()
    assert status is not None
    assert httpx.get(f"{status.endpoint}/api/v1/secrets", verify=False, trust_env=False).status_code == 401  # noqa: S501


def test_the_server_names_the_version_it_was_built_from(laptop: Laptop) -> None:
    status = laptop.cluster.status()
    assert status is not None
    assert (status.version, status.nodes) == ("1.34.4", 2)


def test_components_have_their_own_roles_and_no_more(laptop: Laptop) -> None:
    question = ("auth", "can-i", "--as=system:kube-scheduler")
    assert laptop.kubectl_output(*question, "create", "pods", "--subresource=binding").strip() == "yes"
    assert laptop.kubectl(*question, "delete", "namespaces").stdout.strip() == "no"


def test_a_job_completes_and_a_pod_without_a_job_keeps_running(laptop: Laptop) -> None:
    laptop.kubectl_output("create", "job", "once", "--image=example.test/none:1", "--", "true")
    laptop.kubectl_output("run", "by-itself", "--image=example.test/none:1", "--restart=Never")
    laptop.kubectl_output("wait", "--for=condition=complete", "job/once", "--timeout=60s")
    laptop.kubectl_output("wait", "--for=condition=Ready", "pod/by-itself", "--timeout=60s")
    assert laptop.kubectl_output("get", "pod", "by-itself", "--output=jsonpath={.status.phase}").strip() == "Running"
    laptop.kubectl_output("delete", "job/once", "pod/by-itself", "--timeout=60s")


def test_a_component_that_ends_is_started_again(laptop: Laptop) -> None:
    before = processes(laptop)["kube-scheduler"]
    before.kill()
    wait_until(lambda: processes(laptop).get("kube-scheduler", before).pid != before.pid)
    assert "kube-scheduler ended with -9" in (laptop.cluster.layout.logs / "supervisor.log").read_text()


def test_a_second_up_finds_the_running_cluster(laptop: Laptop) -> None:
    before = laptop.cluster.status()
    again = laptop.up()
    assert before is not None
    assert (again.pid, again.endpoint) == (before.pid, before.endpoint)


def test_after_a_stop_and_a_start_objects_and_address_are_the_same(laptop: Laptop) -> None:
    laptop.kubectl_output("create", "configmap", "saved", "--from-literal=colour=blue")
    before, running = laptop.cluster.status(), processes(laptop)
    assert laptop.cluster.down()
    assert not any(process.is_running() for process in running.values())
    assert (laptop.kubeconfig.exists(), laptop.cluster.kubeconfig, laptop.cluster.status()) == (False, None, None)
    assert not laptop.cluster.down()
    after = laptop.up()
    assert before is not None
    assert after.endpoint == before.endpoint
    assert laptop.kubectl_output("get", "configmap", "saved", "--output=jsonpath={.data.colour}").strip() == "blue"


@pytest.mark.parametrize("victims", ["supervisor", "everything"])
def test_a_killed_cluster_starts_again(laptop: Laptop, victims: str) -> None:
    laptop.kubectl_output("create", "configmap", f"saved-{victims}")
    running = processes(laptop)
    for name, process in running.items():
        if name == "supervisor" or victims == "everything":
            process.kill()
    _, alive = psutil.wait_procs(running.values(), timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    # The kubeconfig on disk leads nowhere, so nobody gets its path.
    assert (laptop.kubeconfig.exists(), laptop.cluster.kubeconfig, laptop.cluster.status()) == (True, None, None)
    laptop.up()
    assert laptop.cluster.kubeconfig == laptop.kubeconfig
    laptop.kubectl_output("get", "configmap", f"saved-{victims}")


def test_another_process_with_the_recorded_number_is_not_the_cluster(laptop: Laptop) -> None:
    record = laptop.cluster.layout.record
    original = record.read_text()
    record.write_text(json.dumps({**json.loads(original), "pid": os.getpid()}))
    try:
        assert laptop.cluster.status() is None
    finally:
        record.write_text(original)
    assert laptop.cluster.status() is not None


STARTER = """
import json, sys
from pathlib import Path
from localcloud.kubernetes.cluster import EmbeddedKubernetes
programs = {name: Path(path) for name, path in json.loads(sys.argv[2]).items()}
EmbeddedKubernetes(Path(sys.argv[1]), Path(sys.executable)).up(programs)
"""


def test_ctrl_c_while_it_starts_leaves_nothing_running(laptop: Laptop, tmp_path: Path) -> None:
    programs = json.dumps({name: str(path) for name, path in laptop.programs.items()})
    starting = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path), programs], stderr=subprocess.PIPE)
    layout = Layout(tmp_path / "kubernetes")
    wait_until(layout.record.exists)
    pid = json.loads(layout.record.read_text())["pid"]
    wait_until(lambda: len(psutil.Process(pid).children()) == 2)
    children = psutil.Process(pid).children()
    starting.send_signal(signal.SIGINT)
    _, error = starting.communicate(timeout=60)
    assert b"KeyboardInterrupt" in error
    assert not psutil.pid_exists(pid)
    assert not any(child.is_running() for child in children)
    assert not layout.kubeconfig.exists()


def test_a_port_that_another_program_took_is_left_to_it(laptop: Laptop) -> None:
    before = laptop.cluster.status()
    assert before is not None
    laptop.cluster.down()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(before.endpoint.rpartition(":")[2])))
        other.listen()
        assert laptop.up().endpoint != before.endpoint
    laptop.kubectl_output("get", "nodes")


def test_the_commands_show_stop_and_empty_both(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()
    command.register(app)
    monkeypatch.chdir(laptop.root)

    def gw(*words: str) -> str:
        finished = CliRunner().invoke(app, ["local", *words], catch_exceptions=False)
        assert finished.exit_code == 0
        return finished.stdout

    cloud = LocalCloud(laptop.root / ".groundwork", Path(sys.executable))
    try:
        up = json.loads(gw("up", "--port", "0", "--kubernetes", "--api-only", "--json"))
        assert (up["kubernetes"]["nodes"], up["kubernetes"]["kubeconfig"]) == (2, str(laptop.kubeconfig))
        assert json.loads(gw("status", "--json"))["kubernetes"]["endpoint"] == up["kubernetes"]["endpoint"]
        assert "2 nodes that run no containers" in gw("status")
        laptop.kubectl_output("create", "configmap", "forgotten")
        assert "the embedded Kubernetes is empty" in gw("reset", "--yes")
        assert not laptop.kubectl("get", "configmap", "forgotten").ok
        assert "gw local up --kubernetes" in gw("down")
        assert (cloud.status(), laptop.cluster.status()) == (None, None)
        # Without --kubernetes AWS starts alone.
        assert json.loads(gw("up", "--port", "0", "--json"))["kubernetes"] is None
        assert laptop.cluster.status() is None
    finally:
        cloud.down()
