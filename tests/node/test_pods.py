"""The ledger in real pods: its rights, its updates under load, its recovery. One node for all."""

from __future__ import annotations

import json
import time

import pytest

from tests.node.laptop import NAMESPACE, NodeLaptop, Service, wait_for
from tests.support.databases import Database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]


def test_a_pod_has_no_rights_and_a_read_only_file_system(service: Service) -> None:
    status = service.inside("cat", "/proc/self/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == ["10001"] * 4
    assert (int(facts["CapEff"], 16), int(facts["CapBnd"], 16)) == (0, 0)
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    write = "try: open('/app/x', 'w')\nexcept OSError as error: print(error.strerror)"
    assert service.inside("python3", "-c", write).strip() == "Read-only file system"


def test_a_service_answers_from_outside_and_by_its_name_inside(service: Service) -> None:
    assert service.post("first") == 201
    # A policy that lets all pods in lets a new one in as soon as kube-router has seen it.
    ask = (
        "import time, urllib.request as r\n"
        "for attempt in range(60):\n"
        "    try: print(r.urlopen('http://ledger.money/ping', timeout=5).read().decode()); break\n"
        "    except OSError: time.sleep(0.5)\n"
    )
    assert json.loads(service.elsewhere("asker", ask)) == {"ping": "pong"}


def test_a_network_policy_lets_through_what_it_names_and_nothing_else(service: Service) -> None:
    """The chart's own policy: the service reaches its database and DNS alone; a pod without a policy reaches all."""
    [dns] = json.loads(service.laptop.kubectl(
        "get", "pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns", "--output=json"
    ))["items"]  # fmt: skip
    attempt = (
        "import socket\n"
        f"for address in [('10.88.0.1', 5432), ('{dns['status']['podIP']}', 53), ('{dns['status']['podIP']}', 8080)]:\n"
        "    try: socket.create_connection(address, timeout=3).close(); print('reached')\n"
        "    except OSError: print('refused')\n"
    )
    assert service.inside("python3", "-c", attempt).split() == ["reached", "reached", "refused"]
    assert service.elsewhere("free", attempt).split() == ["reached", "reached", "reached"]


def test_a_pod_reaches_what_is_forwarded_and_nothing_else_outside(service: Service) -> None:
    attempt = (
        "import socket\n"
        "for address in [('10.88.0.1', 5432), ('127.0.0.1', 5432), ('1.1.1.1', 53), ('169.254.169.254', 80)]:\n"
        "    try: socket.create_connection(address, timeout=3).close(); print('reached')\n"
        "    except OSError: print('not reached')\n"
    )
    assert service.inside("python3", "-c", attempt).split("\n")[:4] == ["reached"] + ["not reached"] * 3


def test_an_update_under_load_fails_no_request(service: Service) -> None:
    before = {pod["metadata"]["name"] for pod in service.pods()}
    with service.under_load("update") as load:
        load.wait_for_more()
        service.deploy(environment={"LOG_LEVEL": "WARNING"})
        wait_for(lambda: not before & {pod["metadata"]["name"] for pod in service.pods()})
        load.wait_for_more()
    assert set(load.statuses) == {201}


def test_a_release_that_fails_goes_back_and_fails_no_request(service: Service) -> None:
    broken = {"repository": service.image.repository, "tag": "missing", "pullPolicy": "Never"}
    with service.under_load("failing") as load:
        done = service.upgrade("--atomic", "--timeout=25s", image=broken)
        assert done.returncode != 0
        wait_for(lambda: service.ready() == 2)
    assert set(load.statuses) == {201}
    history = service.laptop.run("helm", "history", "ledger", f"--namespace={NAMESPACE}", "--output=json").stdout
    assert json.loads(history)[-1]["description"].startswith("Rollback")


def test_the_autoscaler_adds_pods_for_measured_load(service: Service) -> None:
    service.deploy(replicas={"min": 2, "max": 3, "cpuPercent": 70})
    burn = "import time; end = time.time() + 120\nwhile time.time() < end: pass"
    with service.running("python3", "-c", burn):
        wait_for(lambda: service.ready() == 3, seconds=150)
    service.deploy()
    wait_for(lambda: len(service.pods()) == 2)


def test_a_container_that_is_killed_starts_again(service: Service) -> None:
    before = service.restarts()
    service.inside("python3", "-c", "import os; os.kill(1, 15)")
    wait_for(lambda: service.restarts() == before + 1 and service.ready() == 2)


def test_a_database_that_was_away_loses_no_acknowledged_write(service: Service, database: Database) -> None:
    assert service.post("before the outage") in {201, 202}
    restarts, before = service.restarts(), service.balance("bob")
    with service.under_load("outage") as load:
        load.wait_for_more()
        database.kill()
        time.sleep(15)
        database.start()
        wait_for(lambda: service.ready() == 2)
        load.wait_for_more()
    assert service.restarts() == restarts
    assert service.balance("bob") - before >= load.statuses[201]
    assert service.balance("alice") + service.balance("bob") == 0
    assert {service.post(identifier) for identifier in load.acknowledged[-3:]} <= {201, 202, 409}


def test_a_drain_under_load_ends_pods_one_after_another(service: Service, laptop: NodeLaptop) -> None:
    """With one node they have nowhere to go: the disruption budget keeps the last one until the drain gives up."""
    try:
        with service.under_load("drain") as load:
            done = laptop.run(
                "kubectl", "drain", "laptop", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=20s",
                "--pod-selector=app.kubernetes.io/name=ledger",
            )  # fmt: skip
            assert done.returncode != 0
            assert "Cannot evict pod as it would violate the pod's disruption budget" in done.stderr
    finally:
        laptop.kubectl("uncordon", "laptop")
    wait_for(lambda: service.ready() == 2)
    assert set(load.statuses) == {201}
