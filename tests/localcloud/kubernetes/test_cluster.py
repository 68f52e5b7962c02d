"""The embedded Kubernetes: a genuine API that survives whatever happens to its processes, for one person alone."""

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
from tests.localcloud.kubernetes.conftest import Laptop, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kubernetes")]


def processes(laptop: Laptop) -> dict[str, psutil.Process]:
    """Name → process, the supervisor included."""
    status = laptop.cluster.status()
    assert status is not None
    supervisor = psutil.Process(status.pid)
    alive = [one for one in supervisor.children() if one.status() != psutil.STATUS_ZOMBIE]
    return {"supervisor": supervisor} | {Path(one.cmdline()[0]).name: one for one in alive}


def test_every_component_runs_and_listens_on_the_loopback_only(laptop: Laptop) -> None:
    running = processes(laptop)
    assert set(running) == {"supervisor", *laptop.programs}
    listening = {
        (name, one.laddr.ip)
        for name, process in running.items()
        for one in process.net_connections("inet")
        if one.status == psutil.CONN_LISTEN
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
    can = ("auth", "can-i", "--as=system:kube-scheduler")
    assert laptop.ask(*can, "create", "pods", "--subresource=binding").strip() == "yes"
    assert laptop.kubectl(*can, "delete", "namespaces").stdout.strip() == "no"


def test_a_job_completes_and_a_pod_of_its_own_does_not_pretend_to(laptop: Laptop) -> None:
    laptop.ask("create", "job", "once", "--image=example.test/none:1", "--", "true")
    laptop.ask("run", "by-itself", "--image=example.test/none:1", "--restart=Never")
    laptop.ask("wait", "--for=condition=complete", "job/once", "--timeout=60s")
    laptop.ask("wait", "--for=condition=Ready", "pod/by-itself", "--timeout=60s")
    assert laptop.ask("get", "pod", "by-itself", "--output=jsonpath={.status.phase}").strip() == "Running"
    laptop.ask("delete", "job/once", "pod/by-itself", "--timeout=60s")


def test_a_component_that_ends_is_started_again(laptop: Laptop) -> None:
    before = processes(laptop)["kube-scheduler"]
    before.kill()
    until(lambda: processes(laptop).get("kube-scheduler", before).pid != before.pid)
    assert "kube-scheduler ended with -9" in (laptop.cluster.layout.logs / "supervisor.log").read_text()


def test_started_twice_it_is_the_same_one(laptop: Laptop) -> None:
    before = laptop.cluster.status()
    again = laptop.up()
    assert before is not None
    assert (again.pid, again.endpoint) == (before.pid, before.endpoint)


def test_stopped_and_started_it_holds_what_it_held_at_the_same_address(laptop: Laptop) -> None:
    laptop.ask("create", "configmap", "kept", "--from-literal=colour=blue")
    before, all_of_it = laptop.cluster.status(), processes(laptop)
    assert laptop.cluster.down()
    assert not any(process.is_running() for process in all_of_it.values())
    assert (laptop.kubeconfig.exists(), laptop.cluster.kubeconfig, laptop.cluster.status()) == (False, None, None)
    assert not laptop.cluster.down()
    after = laptop.up()
    assert before is not None
    assert after.endpoint == before.endpoint
    assert laptop.ask("get", "configmap", "kept", "--output=jsonpath={.data.colour}").strip() == "blue"


@pytest.mark.parametrize("victims", ["supervisor", "everything"])
def test_killed_in_whatever_way_it_starts_again(laptop: Laptop, victims: str) -> None:
    laptop.ask("create", "configmap", f"kept-{victims}")
    running = processes(laptop)
    for name, process in running.items():
        if name == "supervisor" or victims == "everything":
            process.kill()
    _, alive = psutil.wait_procs(running.values(), timeout=10)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    # The kubeconfig that lies there leads nowhere, so that nothing is told to use it.
    assert (laptop.kubeconfig.exists(), laptop.cluster.kubeconfig, laptop.cluster.status()) == (True, None, None)
    laptop.up()
    assert laptop.cluster.kubeconfig == laptop.kubeconfig
    laptop.ask("get", "configmap", f"kept-{victims}")


def test_a_number_that_another_process_has_now_is_not_taken_for_the_cluster(laptop: Laptop) -> None:
    record = laptop.cluster.layout.record
    told = record.read_text()
    record.write_text(json.dumps({**json.loads(told), "pid": os.getpid()}))
    try:
        assert laptop.cluster.status() is None
    finally:
        record.write_text(told)
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
    until(layout.record.exists)
    pid = json.loads(layout.record.read_text())["pid"]
    until(lambda: len(psutil.Process(pid).children()) == 2)
    children = psutil.Process(pid).children()
    starting.send_signal(signal.SIGINT)
    _, error = starting.communicate(timeout=60)
    assert b"KeyboardInterrupt" in error
    assert not psutil.pid_exists(pid)
    assert not any(child.is_running() for child in children)
    assert not layout.kubeconfig.exists()


def test_a_port_that_somebody_took_meanwhile_is_left_to_them(laptop: Laptop) -> None:
    before = laptop.cluster.status()
    assert before is not None
    laptop.cluster.down()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int(before.endpoint.rpartition(":")[2])))
        taken.listen()
        assert laptop.up().endpoint != before.endpoint
    laptop.ask("get", "nodes")


def test_the_commands_show_stop_and_empty_both(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()
    command.register(app)
    monkeypatch.chdir(laptop.root)

    def gw(*words: str) -> str:
        done = CliRunner().invoke(app, ["local", *words], catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    cloud = LocalCloud(laptop.root / ".groundwork", Path(sys.executable))
    try:
        up = json.loads(gw("up", "--port", "0", "--kubernetes", "--json"))
        assert (up["kubernetes"]["nodes"], up["kubernetes"]["kubeconfig"]) == (2, str(laptop.kubeconfig))
        assert json.loads(gw("status", "--json"))["kubernetes"]["endpoint"] == up["kubernetes"]["endpoint"]
        assert "2 nodes that run no containers" in gw("status")
        laptop.ask("create", "configmap", "forgotten")
        assert "the embedded Kubernetes is empty" in gw("reset", "--yes")
        assert not laptop.kubectl("get", "configmap", "forgotten").ok
        assert "gw local up --kubernetes" in gw("down")
        assert (cloud.status(), laptop.cluster.status()) == (None, None)
        # Started by itself, AWS needs no Kubernetes and starts none.
        assert json.loads(gw("up", "--port", "0", "--json"))["kubernetes"] is None
        assert laptop.cluster.status() is None
    finally:
        cloud.down()
