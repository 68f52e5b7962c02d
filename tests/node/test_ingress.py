"""An Ingress and an HTTPRoute of the chart, answered by a real Traefik on the node."""

from __future__ import annotations

import json

import httpx
import pytest

from localcloud.kubernetes.node import ingress
from tests.node.laptop import NAMESPACE, Service, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]

HOST, ROUTED_HOST, TAKEN_HOST = "ledger.services.test", "routed.services.test", "taken.services.test"


@pytest.fixture
def service_behind_it(service: Service) -> Service:
    if ingress.PROGRAM not in service.laptop.programs:
        pytest.skip("traefik is not built; `make ingress` builds it")
    return service


def ask(service: Service, host: str, path: str = "/ping") -> tuple[int, str]:
    """The status and the text of a request from outside for a host; 0 where none came."""
    try:
        answer = httpx.get(f"{service.laptop.url_of(ingress.PORT)}{path}", headers={"host": host}, timeout=15)
    except httpx.HTTPError as error:
        return 0, str(error)
    return answer.status_code, answer.text


@pytest.mark.row("4.28")
def test_an_ingress_of_its_class_is_answered_and_no_other(service_behind_it: Service) -> None:
    service = service_behind_it
    service.deploy(ingress={"enabled": True, "className": "traefik", "host": HOST})
    wait_for(lambda: ask(service, HOST)[0] == 200, seconds=40)
    assert json.loads(ask(service, HOST)[1]) == {"ping": "pong"}
    assert ask(service, "other.services.test")[0] == 404
    status = service.laptop.kubectl(
        "get", "ingress", f"--namespace={NAMESPACE}", "--output=jsonpath={.items[0].status.loadBalancer.ingress[0].ip}"
    )
    assert status == "10.88.0.1"

    service.deploy(ingress={"enabled": True, "className": "alb", "host": HOST})
    wait_for(lambda: ask(service, HOST)[0] == 404)
    service.deploy()


def conditions(service: Service, *what: str, path: str) -> dict[str, str]:
    """Type → status of the conditions at a path of an object."""
    listed = json.loads(service.laptop.kubectl("get", *what, f"--output=jsonpath={{{path}}}") or "[]")
    return {condition["type"]: condition["status"] for condition in listed}


@pytest.mark.row("4.28")
def test_a_route_of_the_chart_is_answered_through_the_gateway(service_behind_it: Service) -> None:
    service = service_behind_it
    gateway = {"name": ingress.GATEWAY, "namespace": ingress.NAMESPACE}
    service.deploy(httpRoute={"enabled": True, "hostnames": [ROUTED_HOST], "gateway": gateway})
    wait_for(lambda: ask(service, ROUTED_HOST)[0] == 200, seconds=40)
    assert json.loads(ask(service, ROUTED_HOST)[1]) == {"ping": "pong"}
    assert ask(service, "other.services.test")[0] == 404

    route = ("httproute", "ledger", f"--namespace={NAMESPACE}")
    wait_for(
        lambda: (
            conditions(service, *route, path=".status.parents[0].conditions")
            == {"Accepted": "True", "ResolvedRefs": "True"}
        ),
        seconds=40,
    )
    itself = ("gateway", ingress.GATEWAY, f"--namespace={ingress.NAMESPACE}")
    wait_for(
        lambda: conditions(service, *itself, path=".status.conditions") == {"Accepted": "True", "Programmed": "True"},
        seconds=40,
    )
    assert service.laptop.kubectl("get", *itself, "--output=jsonpath={.status.addresses[0].value}") == "10.88.0.1"
    accepted = conditions(service, "gatewayclass", "traefik", path=".status.conditions")
    assert accepted["Accepted"] == "True"

    service.deploy()
    wait_for(lambda: ask(service, ROUTED_HOST)[0] == 404)


def test_a_route_to_a_service_of_another_namespace_needs_that_ones_grant(service_behind_it: Service) -> None:
    """The Gateway API's ReferenceGrant: without it, a namespace could publish what belongs to another."""
    laptop, taker = service_behind_it.laptop, "taker"
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "taken", "namespace": taker},
        "spec": {
            "parentRefs": [{"name": ingress.GATEWAY, "namespace": ingress.NAMESPACE}],
            "hostnames": [TAKEN_HOST],
            "rules": [{"backendRefs": [{"name": "ledger", "namespace": NAMESPACE, "port": 80}]}],
        },
    }
    laptop.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": taker}}, route)
    # 500: "HTTPRoute / BackendRefs" of the Gateway API, for a reference that is not granted.
    wait_for(lambda: ask(service_behind_it, TAKEN_HOST)[0] == 500, seconds=40)
    resolved = conditions(
        service_behind_it, "httproute", "taken", f"--namespace={taker}", path=".status.parents[0].conditions"
    )
    assert resolved["ResolvedRefs"] == "False"

    grant = {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "taken", "namespace": NAMESPACE},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": taker}],
            "to": [{"group": "", "kind": "Service", "name": "ledger"}],
        },
    }
    laptop.apply(grant)
    wait_for(lambda: ask(service_behind_it, TAKEN_HOST)[0] == 200, seconds=40)
    laptop.kubectl("delete", "referencegrant", "taken", f"--namespace={NAMESPACE}")
    laptop.kubectl("delete", "namespace", taker, "--wait=false")


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        ("create", "pods"),
        ("update", "services"),
        ("create", "httproutes"),
        ("update", "gateways"),
        ("get", "configmaps"),
    ],
)
def test_traefik_changes_nothing_but_statuses(service_behind_it: Service, verb: str, resource: str) -> None:
    who = f"--as=system:serviceaccount:{ingress.NAMESPACE}:traefik"
    answer = service_behind_it.laptop.run("kubectl", "auth", "can-i", verb, resource, who, "--all-namespaces")
    assert answer.stdout.strip() == "no"
