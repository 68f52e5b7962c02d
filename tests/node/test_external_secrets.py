"""The ledger's secrets come from the embedded AWS by the real External Secrets, and are rotated under load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from localcloud.aws.identity import DEFAULT_REGION
from localcloud.cloud import LocalCloud
from localcloud.kubernetes.node import external_secrets
from localcloud.profile import Keys
from tests.node.laptop import SECOND_NODE_PORT, Service, wait_for
from tests.support.data_stack import READER, data_stack, session_of_pods
from tests.support.synth import synth

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("node")]

NAMESPACE = "rotation"
OWN, OF_ANOTHER = "acme-dev/ledger/access", "acme-dev/users/access"
FIRST, SECOND, THIRD = "canary-of-the-first", "canary-of-the-second", "canary-of-the-third"
CONTROLLER = f"deployment/{external_secrets.PROGRAM}", f"--namespace={external_secrets.PROGRAM}"


@dataclass(frozen=True)
class Rotated:
    """A ledger of its own in a namespace whose store reads what the pods of `ledger` may read on AWS."""

    service: Service
    secrets_manager: Any

    def put(self, *, token: str, previous: str) -> None:
        """A person writes a new version of the secret."""
        text = {"url": self.service.database_url, "token": token, "previous_token": previous}
        self.secrets_manager.put_secret_value(SecretId=OWN, SecretString=json.dumps(text))

    def values(self, revision: str) -> dict[str, Any]:
        fields = {
            "DATABASE_URL": "url",
            "LEDGER_AUTH_TOKEN": "token",
            "LEDGER_AUTH_TOKEN_PREVIOUS": "previous_token",
        }
        keys = {variable: {"key": OWN, "property": field} for variable, field in fields.items()}
        store = {"store": external_secrets.STORE, "refresh": "1h", "keys": keys}
        return {"from": "external-secrets", "revision": revision, "externalSecrets": store}

    def deploy(self, revision: str) -> None:
        """Another revision, until no pod of the one before is left."""
        before = self.names()
        self.service.deploy(secrets=self.values(revision))
        wait_for(lambda: not before & self.names())

    def names(self) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.service.pods()}

    def kubectl(self, *arguments: str) -> str:
        return self.service.laptop.kubectl(*arguments, f"--namespace={NAMESPACE}")


@pytest.fixture(scope="module")
def ledger(service: Service, aws: LocalCloud) -> Iterator[Rotated]:
    laptop = service.laptop
    if external_secrets.PROGRAM not in laptop.programs:
        pytest.skip("External Secrets is not built; `make secrets-controller` builds it")
    boto = boto3.Session(aws.keys.access_key, aws.keys.secret, region_name=DEFAULT_REGION)
    endpoint = aws.up().endpoint

    def person(name: str) -> Any:
        return boto.client(name, endpoint_url=endpoint)  # type: ignore[call-overload]

    for name in (OWN, OF_ANOTHER):
        person("secretsmanager").create_secret(Name=name, SecretString="{}")
    own = replace(service, namespace=NAMESPACE, node_port=SECOND_NODE_PORT)
    own.prepare()
    laptop.kubectl("delete", "secret", "ledger", f"--namespace={NAMESPACE}")
    # Those of a session with the policy that the stack `data` gives the pods of `ledger`.
    document = synth(data_stack, workloads={"ledger": READER})
    session = session_of_pods(person, document, "ledger", key="arn:aws:kms:::key/1")
    external_secrets.add_store(
        laptop.programs["kubectl"],
        laptop.cluster.layout.kubeconfig,
        NAMESPACE,
        Keys(session["AccessKeyId"], session["SecretAccessKey"]),
        token=session["SessionToken"],
    )
    rotated = Rotated(own, person("secretsmanager"))
    rotated.put(token=FIRST, previous=FIRST)
    own.deploy(secrets=rotated.values("1"))
    yield rotated
    laptop.run("helm", "uninstall", "ledger", f"--namespace={NAMESPACE}", "--wait")
    laptop.kubectl("delete", "namespace", NAMESPACE)


@pytest.mark.row("1.7", "4.17")
def test_a_service_works_with_secrets_of_the_embedded_aws(ledger: Rotated) -> None:
    assert ledger.service.post("from the store", FIRST) == 201
    assert ledger.service.post("by a stranger", SECOND) == 401


def test_a_store_reads_the_secrets_of_its_service_and_no_others(ledger: Rotated) -> None:
    """With the policy that `workloads.<name>.parameters` gives on AWS."""
    stolen = {"secretKey": "TOKEN", "remoteRef": {"key": OF_ANOTHER}}
    spec = {"secretStoreRef": {"name": external_secrets.STORE}, "target": {"name": "stolen"}, "data": [stolen]}
    ledger.service.laptop.apply(
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": {"name": "stolen", "namespace": NAMESPACE},
            "spec": spec,
        }
    )
    ledger.kubectl("wait", "externalsecret/stolen", "--for=condition=Ready=False", "--timeout=60s")
    wait_for(lambda: "AccessDeniedException" in ledger.kubectl("get", "events", "--output=json"))
    assert "stolen" not in ledger.kubectl("get", "secrets", "--output=name")
    ledger.kubectl("delete", "externalsecret", "stolen")


@pytest.mark.row("3.13")
def test_a_rotation_under_load_fails_no_request(ledger: Rotated) -> None:
    """Both tokens count until the clients have the new one; then the old one is refused."""
    service = ledger.service
    with service.under_load("before", FIRST) as load:
        load.wait_for_more()
        ledger.put(token=SECOND, previous=FIRST)
        ledger.deploy("2")
        load.wait_for_more()
    assert set(load.statuses) == {201}
    with service.under_load("after", SECOND) as load:
        load.wait_for_more()
        ledger.put(token=SECOND, previous=SECOND)
        ledger.deploy("3")
        load.wait_for_more()
    assert set(load.statuses) == {201}
    assert (service.post("too late", FIRST), service.post("in time", SECOND)) == (401, 201)


def test_pods_of_a_revision_wait_until_their_secret_is_fetched(ledger: Rotated) -> None:
    """None starts with the values from before, and those from before go on serving."""
    service, laptop, before = ledger.service, ledger.service.laptop, ledger.names()
    laptop.kubectl("scale", *CONTROLLER, "--replicas=0")
    laptop.kubectl("wait", "pods", "--all", "--for=delete", CONTROLLER[1], "--timeout=60s")
    ledger.put(token=THIRD, previous=SECOND)
    with service.under_load("waiting", SECOND) as load:
        assert service.upgrade("--timeout=20s", secrets=ledger.values("4")).returncode != 0
        (new,) = [pod for pod in service.pods() if pod["metadata"]["name"] not in before]
        (container,) = new["status"]["initContainerStatuses"]
        assert container["state"]["waiting"]["reason"] == "CreateContainerConfigError"
        laptop.kubectl("scale", *CONTROLLER, "--replicas=1")
        wait_for(lambda: service.ready() == 2 and not before & ledger.names(), seconds=180)
        load.wait_for_more()
    assert set(load.statuses) == {201}
    assert service.post("by the third", THIRD) == 201


def test_a_release_and_what_its_operator_reports_hold_no_value_of_a_secret(ledger: Rotated) -> None:
    """What Helm keeps of a release are its values and its rendered manifests."""
    laptop = ledger.service.laptop
    release = laptop.run("helm", "get", "all", "ledger", f"--namespace={NAMESPACE}").stdout
    assert OWN in release
    reported = ledger.kubectl("get", "externalsecrets,secretstores,events,deployments,pods", "--output=json")
    log = laptop.kubectl("logs", *CONTROLLER)
    planted = {FIRST, SECOND, THIRD, ledger.service.database_url}
    assert not [value for value in planted for text in (release, reported, log) if value in text]
    assert THIRD in ledger.service.inside("python3", "-c", "import os; print(os.environ['LEDGER_AUTH_TOKEN'])")
