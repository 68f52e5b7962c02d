"""An Ingress of the chart, answered by a real Traefik on the node."""

from __future__ import annotations

import json

import httpx
import pytest

from localcloud.kubernetes.node import ingress
from tests.node.laptop import NAMESPACE, Service, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]

HOST = "ledger.services.test"


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
