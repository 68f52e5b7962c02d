"""charts/service: what a pod may do, who reaches it, when it scales, and which values are refused."""

import json
import os
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
    "secretNames": ["hello-database"],
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
    "ingress": {"enabled": True, "host": "hello.example.com", "tlsSecretName": "hello-tls"},
    "httpRoute": {"enabled": True, "hostnames": ["hello.example.com"], "gateway": {"name": "edge", "namespace": "gw"}},
    "serviceMonitor": {"enabled": True},
}


class Chart:
    """The chart, rendered by the helm binary."""

    def __init__(self, helm: Path) -> None:
        self.helm = Helm(helm, os.environ, run)

    def text(self, values: dict[str, Any]) -> str:
        return self.helm.render(self._release(values), kube_version=KUBERNETES)

    def objects(self, **changes: Any) -> dict[str, Any]:
        """Kind → object; the test pod aside, the chart makes one of each."""
        documents = YAML(typ="safe", pure=True).load_all(self.text({**SMALLEST, **changes}))
        return {document["kind"]: document for document in documents}

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
@pytest.mark.parametrize(("name", "values"), [("smallest", SMALLEST), ("everything", EVERYTHING)])
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
    assert set(checked.skipped) == {"HTTPRoute/hello", "ServiceMonitor/hello"}
    assert len(checked.valid) == 9


@pytest.mark.parametrize("values", [SMALLEST, EVERYTHING])
def test_helm_lint_finds_nothing(chart: Chart, values: dict[str, Any]) -> None:
    chart.lint(values)


# ── the pod ────────────────────────────────────────────────────────────────────────────────────────
def test_pods_meet_the_restricted_standard(smallest: dict[str, Any]) -> None:
    for spec in (pod(smallest), smallest["Pod"]["spec"]):
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        (container,) = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


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


def test_a_new_chart_version_alone_restarts_nothing(smallest: dict[str, Any]) -> None:
    assert "helm.sh/chart" not in smallest["Deployment"]["spec"]["template"]["metadata"]["labels"]


# ── the network ────────────────────────────────────────────────────────────────────────────────────
def test_by_default_pods_accept_only_their_port_and_reach_only_dns(smallest: dict[str, Any]) -> None:
    policy = smallest["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["ports"] for rule in policy["ingress"]] == [[{"port": "http", "protocol": "TCP"}]]
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [53, 53]
    assert not any("ipBlock" in peer for rule in policy["ingress"] for peer in rule["from"])


def test_the_test_pod_may_connect_but_receives_no_requests(smallest: dict[str, Any]) -> None:
    labels = smallest["Pod"]["metadata"]["labels"]
    peers = smallest["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert {"podSelector": {"matchLabels": {"app.kubernetes.io/name": labels["app.kubernetes.io/name"]}}} in peers
    assert not smallest["Service"]["spec"]["selector"].items() <= labels.items()


# ── scale ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("fewest", "budget"), [(1, None), (2, 1), (5, 1), (6, 2), (30, 10)])
def test_the_disruption_budget_follows_the_fewest_replicas(chart: Chart, fewest: int, budget: int | None) -> None:
    objects = chart.objects(replicas={"min": fewest, "max": 40})
    rendered = objects.get("PodDisruptionBudget", {"spec": {"maxUnavailable": None}})
    assert rendered["spec"]["maxUnavailable"] == budget


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
    ],
)
def test_values_that_cannot_work_are_refused(chart: Chart, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ReleaseFailed) as raised:
        chart.objects(**changes)
    assert problem in raised.value.message
