"""charts/service: what a pod may do, who reaches it, when it scales, and which values are refused."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ruamel.yaml import YAML

from groundwork.errors import ReleaseFailed
from groundwork.toolchain.process import run
from localcloud.kubernetes import manifests
from localcloud.kubernetes.helm import Helm
from localcloud.kubernetes.releases import Release
from stacks.blocks.cluster.service_release import CHART

GOLDEN = Path(__file__).with_name("golden")
KUBERNETES = "1.33.0"
SMALLEST = {"image": {"repository": "ghcr.io/example/hello", "tag": "1.2.3"}}
EVERYTHING: dict[str, Any] = {
    "image": {"repository": "ghcr.io/example/hello", "tag": "1.2.3", "digest": "sha256:" + "a" * 64},
    "imagePullSecrets": ["registry"],
    "command": ["/app"],
    "args": ["serve", "--verbose"],
    "replicas": {"min": 4, "max": 12, "memoryPercent": 80},
    "environment": {"LOG_LEVEL": "info", "PORT_NAME": "8080"},
    "secrets": {"from": "existing", "names": ["hello-database"], "revision": "2"},
    "migrations": {"command": ["/app", "migrate"], "seconds": 300, "secrets": ["hello-owner"]},
    "provision": {"command": ["/app", "provision"], "secrets": ["hello-administrator"]},
    "spread": {"zones": "DoNotSchedule"},
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "spot", "operator": "Exists"}],
    "priorityClassName": "important",
    "podAnnotations": {"example.com/team": "platform"},
    "serviceAccount": {"annotations": {"example.com/owner": "platform"}},
    "networkPolicy": {
        "ingressFrom": [{"ipBlock": {"cidr": "10.0.0.0/16"}}],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.192.0/20"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}],
    },
    "ingress": {
        "enabled": True,
        "host": "hello.example.com",
        "paths": ["/populate", "/delete"],
        "tlsSecretName": "hello-tls",
    },
    "httpRoute": {"enabled": True, "hostnames": ["hello.example.com"], "gateway": {"name": "edge", "namespace": "gw"}},
    "loadBalancer": {
        "enabled": True,
        "internal": False,
        "certificateArn": "arn:aws:acm:eu-west-2:111122223333:certificate/a",
        "subnets": ["10.0.0.0/20", "10.0.16.0/20"],
        "sourceRanges": ["203.0.113.0/24"],
    },
    "serviceMonitor": {"enabled": True, "namespace": "monitoring"},
    "alerts": {"enabled": True, "labels": {"release": "prometheus"}, "runbook": "https://example.com/runbook"},
    "dashboard": {"enabled": True},
    "pgadmin": {"enabled": True, "email": "team@example.com", "secretName": "pgadmin"},
}
FROM_STORE: dict[str, Any] = {
    "from": "external-secrets",
    "externalSecrets": {
        "store": "parameters",
        "keys": {"DATABASE_URL": {"key": "/acme/dev/hello", "property": "url"}, "TOKEN": {"key": "/acme/dev/token"}},
    },
}
FROM_VAULT: dict[str, Any] = {
    "from": "vault",
    "vault": {
        "address": "https://vault.vault:8200",
        "role": "hello",
        "static": {"mount": "kv", "path": "hello"},
        "dynamic": {"mount": "database", "path": "creds/hello"},
    },
}

GOLDEN_VALUES = {
    "smallest": SMALLEST,
    "everything": EVERYTHING,
    "external-secrets": {**SMALLEST, "secrets": {**FROM_STORE, "revision": "2"}},
    "vault": {**SMALLEST, "secrets": FROM_VAULT},
}


class Chart:
    """The chart, rendered by the helm binary."""

    def __init__(self, helm: Path) -> None:
        self.helm = Helm(helm, os.environ, run)

    def text(self, values: dict[str, Any]) -> str:
        return self.helm.render(self._release(values), kube_version=KUBERNETES)

    def objects(self, **changes: Any) -> dict[str, Any]:
        """Kind → the release's object; what has another name is at kind/name."""
        documents = YAML(typ="safe", pure=True).load_all(self.text({**SMALLEST, **changes}))
        named = [(document["kind"], document["metadata"]["name"], document) for document in documents if document]
        return {kind if name == "hello" else f"{kind}/{name}": document for kind, name, document in named}

    def lint(self, values: dict[str, Any]) -> None:
        self.helm.lint(self._release(values), kube_version=KUBERNETES)

    def _release(self, values: dict[str, Any]) -> Release:
        return replace(TEMPLATE, values=(json.dumps(values),))


TEMPLATE = Release(
    address="helm_release.hello", name="hello", namespace="shop", chart=str(CHART), version="", values=()
)


@pytest.fixture(scope="module")
def chart(helm: Path) -> Chart:
    return Chart(helm)


@pytest.fixture(scope="module")
def smallest(chart: Chart) -> dict[str, Any]:
    return chart.objects()


def pod(objects: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = objects["Deployment"]["spec"]["template"]["spec"]
    return spec


# ── renders ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("name", "values"), GOLDEN_VALUES.items())
@pytest.mark.row("1.6", "2.13")
def test_the_chart_renders_as_reviewed(
    chart: Chart, name: str, values: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    rendered, golden = chart.text(values), GOLDEN / f"{name}.yaml"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(rendered)
    assert rendered == golden.read_text(), "the chart renders differently: review with --update-golden and git diff"


def test_rendering_is_reproducible(chart: Chart) -> None:
    assert chart.text(EVERYTHING) == chart.text(EVERYTHING)


@pytest.mark.parametrize("kubernetes", ["1.31", "1.33", "1.35"])
def test_rendered_objects_fit_the_schemas_of_kubernetes(chart: Chart, kubernetes: str) -> None:
    checked = manifests.check(chart.text(EVERYTHING), kube_version=kubernetes)
    assert set(checked.skipped) == {"HTTPRoute/hello", "ServiceMonitor/hello", "PrometheusRule/hello"}
    assert len(checked.valid) == 18


@pytest.mark.parametrize("values", GOLDEN_VALUES.values(), ids=GOLDEN_VALUES)
def test_helm_lint_finds_nothing(chart: Chart, values: dict[str, Any]) -> None:
    chart.lint(values)


# ── the pod ────────────────────────────────────────────────────────────────────────────────────────
def test_pods_meet_the_restricted_standard(chart: Chart) -> None:
    """Kubernetes documentation, "Pod Security Standards"; only pgadmin writes beside its volumes."""
    objects = chart.objects(**EVERYTHING)
    templates = [
        objects[name]["spec"]["template"]["spec"] for name in objects if name.startswith(("Deployment", "Job"))
    ]
    assert len(templates) == 4
    for spec in (*templates, objects["Pod/hello-test"]["spec"]):
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is (container["name"] != "pgadmin")
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_tmp_is_writable_and_its_size_limited(smallest: dict[str, Any]) -> None:
    assert pod(smallest)["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}]
    assert pod(smallest)["containers"][0]["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]


def test_a_slow_start_fails_no_liveness_probe(chart: Chart) -> None:
    (container,) = pod(chart.objects(probes={"startupSeconds": 120}))["containers"]
    startup = container["startupProbe"]
    assert startup["failureThreshold"] * startup["periodSeconds"] == 120
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_an_image_is_pulled_by_its_digest(chart: Chart) -> None:
    (container,) = pod(chart.objects(image=EVERYTHING["image"]))["containers"]
    assert container["image"] == "ghcr.io/example/hello:1.2.3@sha256:" + "a" * 64


def test_requests_are_drained_before_the_process_is_stopped(smallest: dict[str, Any]) -> None:
    (container,) = pod(smallest)["containers"]
    drained = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 0 < drained < pod(smallest)["terminationGracePeriodSeconds"]


@pytest.mark.row("3.2")
def test_pods_spread_over_zones(smallest: dict[str, Any]) -> None:
    assert [each["topologyKey"] for each in pod(smallest)["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]


def test_settings_keep_their_names_where_yaml_1_1_reads_truth_or_null(chart: Chart) -> None:
    """Kubernetes reads YAML 1.1: https://yaml.org/type/bool.html, https://yaml.org/type/null.html."""
    words = ("y", "n", "yes", "no", "true", "false", "on", "off", "null")
    names = {written: word for word in words for written in (word, word.capitalize(), word.upper())}
    text = chart.text({**SMALLEST, "environment": names})
    (settings,) = [each for each in yaml.safe_load_all(text) if each["kind"] == "ConfigMap"]
    assert settings["data"] == names
    # PyYAML reads `y` and `n` as text, which Kubernetes' reader does not: no key may stand there unquoted.
    assert [name for name in names if f"\n  {name}: " in text] == []


def test_a_changed_setting_restarts_the_pods(chart: Chart) -> None:
    def checksum(value: str) -> str:
        template = chart.objects(environment={"LEVEL": value})["Deployment"]["spec"]["template"]
        text: str = template["metadata"]["annotations"]["checksum/environment"]
        return text

    assert checksum("info") != checksum("debug")


# ── secrets ────────────────────────────────────────────────────────────────────────────────────────
def names_of_secrets(objects: dict[str, Any]) -> list[str]:
    (container,) = pod(objects)["containers"]
    return [source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source]


@pytest.mark.row("0.11")
def test_secrets_are_somebodys_or_an_operators(chart: Chart) -> None:
    existing = chart.objects(secrets={"names": ["database", "token"]})
    assert names_of_secrets(existing) == ["database", "token"]
    assert names_of_secrets(chart.objects(secrets=FROM_STORE)) == ["hello-secrets"]
    assert names_of_secrets(chart.objects(secrets=FROM_VAULT)) == ["hello-secrets", "hello-credentials"]


@pytest.mark.row("1.7", "4.17")
def test_an_external_secret_has_a_field_of_each_key(chart: Chart) -> None:
    made = chart.objects(secrets=FROM_STORE)["ExternalSecret"]["spec"]
    assert made["secretStoreRef"] == {"kind": "SecretStore", "name": "parameters"}
    assert made["target"]["name"] == "hello-secrets"
    assert made["data"] == [
        {"secretKey": "DATABASE_URL", "remoteRef": {"key": "/acme/dev/hello", "property": "url"}},
        {"secretKey": "TOKEN", "remoteRef": {"key": "/acme/dev/token"}},
    ]


@pytest.mark.parametrize("kind", ["VaultStaticSecret", "VaultDynamicSecret"])
@pytest.mark.row("0.3", "0.10", "4.17")
def test_vault_is_asked_as_the_service_and_a_new_secret_restarts_it(chart: Chart, kind: str) -> None:
    objects = chart.objects(secrets=FROM_VAULT)
    assert objects["VaultConnection"]["spec"]["skipTLSVerify"] is False
    account = objects["VaultAuth"]["spec"]["kubernetes"]["serviceAccount"]
    assert account == objects["ServiceAccount"]["metadata"]["name"] == pod(objects)["serviceAccountName"]
    assert objects[kind]["spec"]["rolloutRestartTargets"] == [{"kind": "Deployment", "name": "hello"}]
    assert objects[kind]["spec"]["destination"]["name"] in names_of_secrets(objects)
    assert objects[kind]["spec"]["destination"]["transformation"] == {"excludeRaw": True}


@pytest.mark.row("0.11")
def test_another_revision_of_the_secrets_restarts_the_pods(chart: Chart) -> None:
    def checksum(revision: str) -> str:
        secrets = {"names": ["database"], "revision": revision}
        template = chart.objects(secrets=secrets)["Deployment"]["spec"]["template"]
        text: str = template["metadata"]["annotations"]["checksum/secrets"]
        return text

    assert checksum("1") != checksum("2")


@pytest.mark.row("1.7", "4.17")
def test_pods_of_a_revision_wait_for_a_secret_that_was_synced_for_it(chart: Chart) -> None:
    """A Secret gets the key with the sync that its changed ExternalSecret starts; a missing key keeps a container
    from starting (Kubernetes documentation, "Secrets": restrictions on references)."""
    migrations = {"command": ["hello", "migrate"]}

    def waited_for(revision: str) -> str:
        objects = chart.objects(secrets={**FROM_STORE, "revision": revision}, migrations=migrations)
        template = objects["ExternalSecret"]["spec"]["target"]["template"]
        (key,) = template["data"]
        assert template["mergePolicy"] == "Merge"  # beside the fields of the store
        for container in (*pod(objects)["containers"], *pod(objects)["initContainers"]):
            (variable,) = container["env"]
            assert variable["valueFrom"]["secretKeyRef"] == {"name": "hello-secrets", "key": key}
        (job,) = objects["Job/hello-migrate"]["spec"]["template"]["spec"]["containers"]
        assert "env" not in job  # it comes before the ExternalSecret changes, and would wait for ever
        return str(key)

    assert waited_for("1") != waited_for("2")
    assert "template" not in chart.objects(secrets=FROM_STORE)["ExternalSecret"]["spec"]["target"]


# ── migrations ─────────────────────────────────────────────────────────────────────────────────────
def test_a_pod_migrates_before_it_serves_an_upgrade_before_its_pods(chart: Chart) -> None:
    objects = chart.objects(
        migrations={"command": ["hello", "migrate"]}, environment={"LEVEL": "info"}, secrets={"names": ["database"]}
    )
    (first,) = pod(objects)["initContainers"]
    job = objects["Job/hello-migrate"]
    (migrate,) = job["spec"]["template"]["spec"]["containers"]
    (service,) = pod(objects)["containers"]
    assert first["command"] == migrate["command"] == ["hello", "migrate"]
    assert first["image"] == migrate["image"] == service["image"]
    assert first["envFrom"] == service["envFrom"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    # Before the upgrade the ConfigMap has the settings of the release before.
    assert migrate["env"] == [{"name": "LEVEL", "value": "info"}]
    assert migrate["envFrom"] == [{"secretRef": {"name": "database"}}]


def test_a_migrating_pod_reaches_the_database_and_gets_no_requests(chart: Chart) -> None:
    egress = [{"to": [{"ipBlock": {"cidr": "10.0.192.0/20"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}]
    objects = chart.objects(migrations={"command": ["m"]}, networkPolicy={"egress": egress})
    labels = objects["Job/hello-migrate"]["spec"]["template"]["metadata"]["labels"]
    own = objects["NetworkPolicy/hello-migrate"]["spec"]
    assert own["podSelector"]["matchLabels"].items() <= labels.items()
    assert own["egress"] == objects["NetworkPolicy"]["spec"]["egress"]
    assert own["egress"][1:] == egress
    assert not objects["Service"]["spec"]["selector"].items() <= labels.items()


def test_without_a_command_nothing_migrates(smallest: dict[str, Any]) -> None:
    assert "initContainers" not in pod(smallest)
    assert not [name for name in smallest if "migrate" in name]


def test_only_the_job_that_provisions_has_the_administrators_secret(chart: Chart) -> None:
    objects = chart.objects(
        secrets={"names": ["database"]},
        migrations={"command": ["m"], "secrets": ["owner"]},
        provision={"command": ["p"], "secrets": ["administrator"]},
    )

    def secrets(container: dict[str, Any]) -> list[str]:
        return [each["secretRef"]["name"] for each in container["envFrom"] if "secretRef" in each]

    job, policy = objects["Job/hello-provision"], objects["NetworkPolicy/hello-provision"]
    provision, migrate = (
        objects[f"Job/hello-{name}"]["spec"]["template"]["spec"]["containers"][0] for name in ("provision", "migrate")
    )
    assert secrets(provision) == ["database", "owner", "administrator"]
    assert secrets(migrate) == secrets(pod(objects)["initContainers"][0]) == ["database", "owner"]
    assert secrets(pod(objects)["containers"][0]) == ["database"]
    # Also before the installation, at which nothing of the release exists, its policy first.
    for each in (job, policy):
        assert each["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    weights = [int(each["metadata"]["annotations"]["helm.sh/hook-weight"]) for each in (policy, job)]
    assert weights == sorted(weights)
    assert max(weights) < int(objects["Job/hello-migrate"]["metadata"]["annotations"]["helm.sh/hook-weight"])
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["spec"]["egress"] == objects["NetworkPolicy"]["spec"]["egress"]


def test_a_new_chart_version_alone_restarts_nothing(smallest: dict[str, Any]) -> None:
    assert "helm.sh/chart" not in smallest["Deployment"]["spec"]["template"]["metadata"]["labels"]


# ── the network ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.row("2.15")
def test_by_default_pods_accept_only_their_port_and_reach_only_dns(smallest: dict[str, Any]) -> None:
    policy = smallest["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["ports"] for rule in policy["ingress"]] == [[{"port": "http", "protocol": "TCP"}]]
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [53, 53]
    assert not any("ipBlock" in peer for rule in policy["ingress"] for peer in rule["from"])


def test_the_test_pod_may_connect_but_receives_no_requests(smallest: dict[str, Any]) -> None:
    labels = smallest["Pod/hello-test"]["metadata"]["labels"]
    peers = smallest["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert {"podSelector": {"matchLabels": {"app.kubernetes.io/name": labels["app.kubernetes.io/name"]}}} in peers
    assert not smallest["Service"]["spec"]["selector"].items() <= labels.items()


@pytest.mark.row("3.7")
def test_a_load_balancer_ends_tls_and_pods_accept_its_subnets(chart: Chart) -> None:
    """AWS Load Balancer Controller's guide, "Network Load Balancer": annotations and loadBalancerClass."""
    objects = chart.objects(loadBalancer=EVERYTHING["loadBalancer"])
    service = objects["Service/hello-nlb"]
    prefix = "service.beta.kubernetes.io/aws-load-balancer-"
    annotations = {key.removeprefix(prefix): value for key, value in service["metadata"]["annotations"].items()}
    assert annotations["scheme"] == "internet-facing"
    assert annotations["nlb-target-type"] == "ip"
    assert annotations["ssl-ports"] == str(service["spec"]["ports"][0]["port"])
    assert annotations["healthcheck-path"] == "/readyz"
    assert service["spec"]["allocateLoadBalancerNodePorts"] is False
    assert service["spec"]["loadBalancerSourceRanges"] == ["203.0.113.0/24"]
    peers = objects["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert [peer["ipBlock"]["cidr"] for peer in peers if "ipBlock" in peer] == ["10.0.0.0/20", "10.0.16.0/20"]


@pytest.mark.row("1.8")
def test_prometheus_reaches_the_port_from_its_namespace(chart: Chart) -> None:
    objects = chart.objects(
        serviceMonitor={"enabled": True, "namespace": "monitoring"}, networkPolicy={"ingressFrom": []}
    )
    peers = objects["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}} in peers


@pytest.mark.row("0.8", "4.28")
def test_an_ingress_of_any_class_has_the_listed_paths(chart: Chart) -> None:
    ingress = chart.objects(ingress={**EVERYTHING["ingress"], "className": "traefik"})["Ingress"]["spec"]
    assert ingress["ingressClassName"] == "traefik"
    paths = [path["path"] for rule in ingress["rules"] for path in rule["http"]["paths"]]
    assert paths == ["/populate", "/delete"]


@pytest.mark.row("0.13")
def test_nobody_in_the_cluster_reaches_pgadmin(chart: Chart) -> None:
    objects = chart.objects(pgadmin=EVERYTHING["pgadmin"], serviceMonitor={"enabled": True})
    policy = objects["NetworkPolicy/hello-pgadmin"]["spec"]
    assert "Ingress" in policy["policyTypes"]
    assert "ingress" not in policy
    assert objects["Service/hello-pgadmin"]["spec"]["type"] == "ClusterIP"
    scraped = objects["ServiceMonitor"]["spec"]["selector"]["matchLabels"]
    assert not scraped.items() <= objects["Service/hello-pgadmin"]["metadata"]["labels"].items()


# ── observed ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.row("1.9")
def test_alerts_and_dashboard_ask_for_this_release_and_known_metrics(chart: Chart, checkout: Path) -> None:
    objects = chart.objects(**{name: EVERYTHING[name] for name in ("serviceMonitor", "alerts", "dashboard")})
    rules = objects["PrometheusRule"]["spec"]["groups"][0]["rules"]
    dashboard = json.loads(objects["ConfigMap/hello-dashboard"]["data"]["hello.json"])
    queries = [rule["expr"] for rule in rules]
    queries += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    own = [query for query in queries if not re.search(r"\b(container|kube)_", query)]
    assert len(own) > 10
    exposed = (checkout / "services/servicekit/src/servicekit/metrics.py").read_text(encoding="utf-8")
    for query in own:
        selectors = re.findall(r"(\w+)\{([^}]*)\}", query)
        assert selectors, query
        for metric, selector in selectors:
            assert 'namespace="shop", service="hello"' in selector, query
            name = re.sub(r"_(count|bucket)$", "", metric)
            assert name == "up" or name in exposed or f'"{name.removeprefix("db_")}"' in exposed, name
    assert all(rule["annotations"]["runbook_url"] for rule in rules)
    assert objects["ConfigMap/hello-dashboard"]["metadata"]["labels"]["grafana_dashboard"] == "1"


# ── scale ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("fewest", "budget"), [(1, None), (2, 1), (5, 1), (6, 2), (30, 10)])
def test_the_disruption_budget_follows_the_fewest_replicas(chart: Chart, fewest: int, budget: int | None) -> None:
    objects = chart.objects(replicas={"min": fewest, "max": 40})
    rendered = objects.get("PodDisruptionBudget", {"spec": {"maxUnavailable": None}})
    assert rendered["spec"]["maxUnavailable"] == budget


@pytest.mark.row("3.23", "4.25")
def test_the_autoscaler_decides_the_number_of_replicas(smallest: dict[str, Any]) -> None:
    assert "replicas" not in smallest["Deployment"]["spec"]
    assert smallest["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == 2


def test_a_fixed_number_of_replicas_has_no_autoscaler(chart: Chart) -> None:
    objects = chart.objects(replicas={"min": 3, "max": 3})
    assert objects["Deployment"]["spec"]["replicas"] == 3
    assert "HorizontalPodAutoscaler" not in objects


# ── refused ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"image": {"repository": "a", "tag": "latest"}}, "/image/tag"),
        ({"image": {"repository": "a:1", "tag": "2"}}, "/image/repository"),
        ({"port": 80}, "/port"),
        ({"prot": 8080}, "'prot' not allowed"),
        ({"user": 0}, "/user"),
        ({"test": {"image": "busybox:latest"}}, "/test/image"),
        ({"replicas": {"min": 3, "max": 2}}, "replicas.min 3 is greater than replicas.max 2"),
        ({"shutdown": {"drainSeconds": 40, "graceSeconds": 40}}, "no time to stop"),
        ({"ingress": {"enabled": True}}, "ingress.host is empty"),
        ({"httpRoute": {"enabled": True}}, "httpRoute.gateway.name is empty"),
        ({"ingress": {"enabled": True, "host": "a.example", "paths": []}}, "/ingress/paths"),
        ({"secrets": {**FROM_STORE, "names": ["other"]}}, "another source has values too"),
        ({"secrets": {**FROM_VAULT, "from": "existing"}}, "another source has values too"),
        ({"secrets": {"from": "external-secrets"}}, "needs store and keys"),
        ({"secrets": {"from": "vault"}}, "needs address and role"),
        ({"secrets": {"from": "vault", "vault": {"address": "https://v", "role": "r"}}}, "names no secret"),
        ({"secrets": {"from": "vault", "vault": {"address": "http://v", "role": "r"}}}, "/secrets/vault/address"),
        (
            {"secrets": {"from": "vault", "vault": {**FROM_VAULT["vault"], "static": {"path": "hello"}}}},
            "secrets.vault.static needs mount and path",
        ),
        ({"secrets": {"value": "hunter2"}}, "'value' not allowed"),
        ({"provision": {"command": ["p"]}}, "provision.secrets is empty"),
        ({"loadBalancer": {"enabled": True}}, "needs certificateArn and subnets"),
        ({"loadBalancer": {**EVERYTHING["loadBalancer"], "sourceRanges": []}}, "sourceRanges is empty"),
        ({"loadBalancer": {**EVERYTHING["loadBalancer"], "sourceRanges": ["0.0.0.0/0"]}}, "/sourceRanges/0"),
        ({"alerts": {"enabled": True}}, "alerts need serviceMonitor.enabled"),
        ({"pgadmin": {"enabled": True}}, "pgadmin needs email and secretName"),
    ],
)
@pytest.mark.row("0.12")
def test_values_that_cannot_work_are_refused(chart: Chart, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ReleaseFailed) as raised:
        chart.objects(**changes)
    assert problem in raised.value.message
