"""Charts are rendered for both commits, and their objects compared: what a pod newly may do is a finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groundwork.review import checkout
from groundwork.review.charts import MISSING, Charts
from groundwork.review.model import Review, Severity
from groundwork.review.render import summary
from groundwork.review.render.markdown import markdown
from tests.review.charted import ACCOUNT, DEPLOYMENT, VALUES, folder, folders, helm, reviewed, service
from tests.review.trees import STACK, tree

PRIVILEGED = "is privileged: it may do on the node whatever root may (container service)"
NON_ROOT = "        runAsNonRoot: true\n"
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
SPEC = "      enableServiceLinks: false\n"
OF_CONTAINER = "            privileged: false\n"


def pod(text: str) -> tuple[str, str, str]:
    return DEPLOYMENT, SPEC, f"{SPEC}      {text}\n"


def container(text: str) -> tuple[str, str, str]:
    return DEPLOYMENT, OF_CONTAINER, f"            {text}\n"


def change(tmp_path: Path, *edits: tuple[str, str, str], **body: Any) -> Review:
    """The review of edits of charts/service, and of other arguments of its release."""
    return reviewed(folder(tmp_path / "base", service()), folder(tmp_path / "head", service(*edits), body))


def values(**more: Any) -> list[str]:
    return [json.dumps({**VALUES, **more})]


@pytest.mark.parametrize(
    ("edit", "severity", "what"),
    [
        (container("privileged: true"), HIGH, PRIVILEGED),
        (container("privileged: yes"), HIGH, PRIVILEGED),
        (pod("hostNetwork: true"), HIGH, "shares the node's network (hostNetwork)"),
        (pod("hostPID: true"), HIGH, "shares the node's processes (hostPID)"),
        (pod("hostIPC: on"), HIGH, "shares the node's memory of others (hostIPC)"),
        ((DEPLOYMENT, "        - name: tmp\n          emptyDir:",
          "        - {name: all, hostPath: {path: /}}\n        - name: tmp\n          emptyDir:"),
         HIGH, "mounts / of the node (hostPath)"),
        ((DEPLOYMENT, "        - name: tmp\n          emptyDir:",
          "        - {name: a, nfs: {server: a, path: /}}\n        - name: tmp\n          emptyDir:"),
         MEDIUM, "has a volume a of the kind nfs, which is not restricted"),
        ((DEPLOYMENT, "drop: [ALL]", "drop: [ALL]\n              add: [SYS_ADMIN]"),
         HIGH, "adds the capability SYS_ADMIN (container service)"),
        ((DEPLOYMENT, "drop: [ALL]", "drop: [NET_RAW]"),
         MEDIUM, "keeps capabilities: it does not drop ALL (container service)"),
        ((DEPLOYMENT, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
         MEDIUM, "may gain privileges (allowPrivilegeEscalation) (container service)"),
        ((DEPLOYMENT, NON_ROOT, ""),
         MEDIUM, "may run as root: runAsNonRoot is not true (container service)"),
        ((DEPLOYMENT, "runAsUser: {{ .Values.user }}", "runAsUser: 0"),
         MEDIUM, "runs as root (runAsUser 0) (container service)"),
        ((DEPLOYMENT, "            readOnlyRootFilesystem: true\n", ""),
         MEDIUM, "may write to its root file system (container service)"),
        ((DEPLOYMENT, "type: RuntimeDefault", "type: Unconfined"),
         MEDIUM, "has the seccomp profile Unconfined (container service)"),
        (container("procMount: Unmasked"), HIGH, "sees the whole of /proc (procMount) (container service)"),
        (container("seLinuxOptions: {type: spc_t}"), MEDIUM, "has SELinux options of its own (container service)"),
        (container("appArmorProfile: {type: Unconfined}"), MEDIUM, "is not confined by AppArmor (container service)"),
        ((DEPLOYMENT, NON_ROOT, f"{NON_ROOT}        sysctls: [{{name: kernel.msgmax, value: '1'}}]\n"),
         MEDIUM, "sets the kernel's kernel.msgmax"),
        ((DEPLOYMENT, "              protocol: TCP\n", "              protocol: TCP\n              hostPort: 80\n"),
         MEDIUM, "takes the node's port 80 (container service)"),
        ((DEPLOYMENT, "automountServiceAccountToken: false", "automountServiceAccountToken: true"),
         MEDIUM, "gets the token of the service account hello, unless that account refuses it"),
    ],
)  # fmt: skip
def test_a_pod_that_newly_may_more_is_a_finding(
    tmp_path: Path, edit: tuple[str, str, str], severity: Severity, what: str
) -> None:
    (risk,) = change(tmp_path, edit).risks
    assert (risk.severity, risk.sentence) == (severity, f"Deployment shop/hello {what}.")
    assert risk.address == "helm_release.hello"


@pytest.mark.parametrize(
    ("document", "severity", "sentence"),
    [
        ("kind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: ClusterRole, name: cluster-admin}",
         HIGH, "ClusterRoleBinding a makes administrators of the whole cluster."),
        ("kind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: ['*'], resources: [pods], apiGroups: ['']}]",
         HIGH, "ClusterRole a may * pods in every namespace."),
        ("kind: Role\nmetadata: {name: a}\nrules: [{verbs: [get], resources: [secrets], apiGroups: ['']}]",
         HIGH, "Role a may read Secrets in its namespace."),
        ("kind: Role\nmetadata: {name: a}\nrules: [{verbs: [bind], resources: [roles], apiGroups: [x]}]",
         HIGH, "Role a may take further rights (bind) in its namespace."),
        ("kind: Role\nmetadata: {name: a}\nrules: [{verbs: [create], resources: [pods/exec], apiGroups: ['']}]",
         MEDIUM, "Role a may run commands in pods in its namespace."),
        ("kind: Service\nmetadata: {name: a}\nspec: {type: LoadBalancer}",
         MEDIUM, "Service a is reached from outside the cluster (LoadBalancer)."),
        ("kind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: ClusterRole, name: view}", None, ""),
        ("kind: Role\nmetadata: {name: a}\nrules: [{verbs: [get], resources: [pods], apiGroups: ['']}]", None, ""),
    ],
)  # fmt: skip
def test_what_objects_newly_allow_in_the_cluster_is_a_finding(
    tmp_path: Path, document: str, severity: Severity | None, sentence: str
) -> None:
    head = folder(tmp_path / "head", {**service(), "templates/a.yaml": f"apiVersion: v1\n{document}\n"})
    risks = [(risk.severity, risk.sentence) for risk in reviewed(folder(tmp_path / "base", service()), head).risks]
    assert risks == ([(severity, sentence)] if severity else [])


def test_what_a_pod_already_might_is_not_reported_again(tmp_path: Path) -> None:
    base = folder(tmp_path / "base", service(pod("hostPID: true")))
    head = folder(
        tmp_path / "head", service(pod("hostPID: true"), (DEPLOYMENT, "minReadySeconds: 5", "minReadySeconds: 6"))
    )
    report = reviewed(base, head)
    assert (report.risks, report.changed) == ((), True)


def test_yaml_is_read_as_kubernetes_reads_it(tmp_path: Path) -> None:
    """In YAML 1.1 `yes` is true, and in 1.2 a text."""
    (stack,) = change(tmp_path, pod("hostPID: yes")).stacks
    shown = {attribute.path: attribute.after for attribute in stack.resources[0].attributes}
    assert shown["Deployment shop/hello.spec.template.spec.hostPID"] == "true"


def test_an_account_that_hands_out_its_token_is_a_finding(tmp_path: Path) -> None:
    (risk,) = change(tmp_path, (ACCOUNT, "automountServiceAccountToken: false\n", "")).risks
    assert risk.sentence == "ServiceAccount shop/hello hands its token to every pod that does not refuse it."


def test_another_tag_after_a_tag_is_no_finding(tmp_path: Path) -> None:
    image = {"repository": "ghcr.io:443/example/hello", "tag": "2"}
    base = folder(tmp_path / "base", service(), {"values": values(image=image)})
    head = folder(tmp_path / "head", service(), {"values": values(image={**image, "tag": "3"})})
    report = reviewed(base, head)
    assert (report.risks, report.changed) == ((), True)


def test_an_image_without_a_digest_is_named(tmp_path: Path) -> None:
    image = {"repository": "ghcr.io/example/hello", "tag": "2"}
    (risk,) = change(tmp_path, values=values(image=image)).risks
    assert (risk.severity, "runs ghcr.io/example/hello by a tag" in risk.sentence) == (LOW, True)


def test_values_alone_can_weaken_a_pod(tmp_path: Path) -> None:
    """The release's own values render the chart, not the chart's defaults."""
    risks = change(tmp_path, values=values(user=0)).risks
    assert any("runs as root (runAsUser 0)" in risk.sentence for risk in risks)


def test_arguments_that_set_single_values_count(tmp_path: Path) -> None:
    risks = change(tmp_path, set=[{"name": "user", "value": "0"}]).risks
    assert any("runs as root (runAsUser 0)" in risk.sentence for risk in risks)


def test_a_new_release_is_judged_as_a_whole(tmp_path: Path) -> None:
    head = folder(tmp_path / "head", service(pod("hostPID: true")))
    risks = reviewed(tree(tmp_path / "base", {STACK: {}}), head).risks
    assert "shares the node's processes" in risks[0].sentence


def test_objects_are_compared_attribute_by_attribute(tmp_path: Path) -> None:
    (stack,) = change(tmp_path, (DEPLOYMENT, "minReadySeconds: 5", "minReadySeconds: 6")).stacks
    (resource,) = stack.resources
    shown = {attribute.path: (attribute.before, attribute.after) for attribute in resource.attributes}
    assert shown["Deployment shop/hello.spec.minReadySeconds"] == ("5", "6")


def test_an_object_cannot_hide_behind_another_of_its_name(tmp_path: Path) -> None:
    pods = "".join(
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{hostPID: {on}, containers: [{{name: a}}]}}\n"
        for on in ("true", "false")
    )
    base, head = (
        folder(tmp_path / "base", service()),
        folder(tmp_path / "head", {**service(), "templates/a.yaml": pods}),
    )
    assert any("shares the node's processes" in risk.sentence for risk in reviewed(base, head).risks)


def test_a_release_is_compared_with_itself_and_no_other_stacks(tmp_path: Path) -> None:
    """Another environment had, before and after, exactly the values that this one had before."""
    sides = []
    for name, tag in (("base", "1"), ("head", "2")):
        image = {**VALUES["image"], "tag": tag}
        stacks = {"dev-data": values(image=image), "prod-data": values(image={**image, "tag": "1"})}
        sides.append(folders(tmp_path / name, service(), {stack: {"values": each} for stack, each in stacks.items()}))
    dev, prod = reviewed(*sides).stacks
    paths = [attribute.path for attribute in dev.resources[0].attributes]
    assert "Deployment shop/hello.spec.template.spec.containers[0].image" in paths
    assert prod.resources == ()


def test_a_template_that_renders_the_same_is_no_finding(tmp_path: Path) -> None:
    report = change(tmp_path, (DEPLOYMENT, "spec:\n", "{{- /* nothing */}}\nspec:\n"))
    assert (report.risks, report.not_judged) == ((), ())
    assert summary.verdict(report).title == "No rule matched; 1 resource changes"


def test_objects_that_come_and_go_are_shown(tmp_path: Path) -> None:
    base = folder(tmp_path / "base", service())
    head = folder(tmp_path / "head", {name: text for name, text in service().items() if "networkpolicy" not in name})
    report = reviewed(base, head)
    assert [risk.sentence for risk in report.risks] == [
        "NetworkPolicy shop/hello is gone: the traffic that it kept out reaches the pods."
    ]
    (stack,) = report.stacks
    paths = {attribute.path: attribute.after for attribute in stack.resources[0].attributes}
    assert paths["NetworkPolicy shop/hello"] is None


# ── secrets ────────────────────────────────────────────────────────────────────────────────────────
def test_no_secret_of_a_chart_is_in_a_report(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {plain: correct-horse}\n"
    environment = "          env: [{name: DB_PASSWORD, value: battery-staple}]\n          ports:\n"
    files = service((DEPLOYMENT, "          ports:\n", environment)) | {"templates/secret.yaml": secret}
    report = reviewed(folder(tmp_path / "base", service()), folder(tmp_path / "head", files))
    shown = "\n".join([report.model_dump_json(), *markdown(report)])
    assert "Secret a" in shown
    assert "correct-horse" not in shown
    assert "battery-staple" not in shown


def test_what_helm_prints_about_a_failure_has_no_secret(tmp_path: Path) -> None:
    fails = (DEPLOYMENT, "apiVersion: apps/v1\n", "{{ fail .Values.password }}\n")
    report = change(tmp_path, fails, values=values(password="correct-horse-battery"))
    (problem,) = report.not_judged
    assert problem.why.startswith("helm template failed: ")
    assert "correct-horse-battery" not in report.model_dump_json()


# ── not judged ─────────────────────────────────────────────────────────────────────────────────────
def test_without_helm_the_report_says_that_charts_were_not_rendered(tmp_path: Path) -> None:
    base, head = folder(tmp_path / "base", service()), folder(tmp_path / "head", service(pod("hostPID: true")))
    report = reviewed(base, head, Charts(lambda: None))
    (missing,) = report.not_judged
    assert (missing.what, missing.why) == ("objects of helm_release.hello in dev-data", MISSING)
    assert "charts were not rendered" in markdown(report)[0]
    assert summary.verdict(report).title.endswith("; not judged: objects of helm_release.hello in dev-data")


@pytest.mark.parametrize(
    ("edit", "body", "why"),
    [
        ((DEPLOYMENT, "spec:\n", "spec: {{ .Values.no.such }}\n"), {}, "helm template failed: "),
        ((DEPLOYMENT, "spec:\n", "spec: [\n"), {}, "helm template failed: |what it renders cannot be read: "),
        ((DEPLOYMENT, "spec:\n", "spec:\n"), {"chart": "oci://public.ecr.aws/karpenter", "version": "1.0.0"},
         "its chart oci://public.ecr.aws/karpenter does not lie in the stack's folder"),
        ((DEPLOYMENT, "spec:\n", "spec:\n"), {"set_sensitive": [{"name": "a", "value": "b"}]},
         "rendered without set_sensitive"),
        ((DEPLOYMENT, "spec:\n", "x: {? [a, b] : c}\nspec:\n"), {}, "what it renders cannot be read: |failed: "),
        ((DEPLOYMENT, "spec:\n", "spec:\n"), {"postrender": {"binary_path": "./a"}}, "rendered without postrender"),
        ((DEPLOYMENT, "spec:\n", "spec:\n"), {"set": [{"name": "user", "value": "${var.user}"}]},
         "rendered without some of set"),
    ],
)  # fmt: skip
def test_what_is_not_rendered_is_named_with_its_reason(
    tmp_path: Path, edit: tuple[str, str, str], body: dict[str, Any], why: str
) -> None:
    (problem,) = change(tmp_path, edit, **body).not_judged
    assert any(part in problem.why for part in why.split("|")), problem.why


def test_an_unknown_value_leaves_the_rest_rendered_and_is_named(tmp_path: Path) -> None:
    report = change(tmp_path, pod("hostPID: true"), values=[*values(), "${jsonencode(var.more)}"])
    assert "rendered without values[1]" in report.not_judged[0].why
    assert any("hostPID" in risk.sentence for risk in report.risks)


def test_a_switch_that_an_expression_decides_counts_as_on(tmp_path: Path) -> None:
    edit = container("privileged: {{ .Values.podAnnotations.x }}")
    report = change(tmp_path, edit, values=values(podAnnotations={"x": "${var.privileged}"}))
    assert any("is privileged" in risk.sentence for risk in report.risks)
    assert report.not_judged[0].why.startswith("rendered with the expressions in values[0] as they stand")


def test_a_chart_with_a_link_is_not_rendered(tmp_path: Path) -> None:
    """Helm follows links: one could bring any file of the machine into a report."""
    helm()
    (tmp_path / "secret").write_text("a: canary-of-the-machine\n")
    files = service((DEPLOYMENT, SPEC, SPEC + '      x: {{ .Files.Get "leak.yaml" | quote }}\n'))
    out = tmp_path / "head" / "out"
    folder(tmp_path / "head", files)
    (chart,) = (out / "stacks" / "dev-data" / "assets" / "chart").iterdir()
    (chart / "leak.yaml").symlink_to(tmp_path / "secret")
    head = checkout.copy_synthesised(out, tmp_path / "again", environments=["dev"])
    report = reviewed(folder(tmp_path / "base", service()), head)
    assert "its chart has a link, leak.yaml" in report.not_judged[0].why
    assert "canary-of-the-machine" not in report.model_dump_json()
