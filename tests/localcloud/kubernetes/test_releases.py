"""Releases are taken from the synthesised stack as they are, or refused with the reason."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groundwork.errors import ReleaseFailed, SynthesisError
from groundwork.toolchain.process import run
from localcloud.kubernetes import manifests
from localcloud.kubernetes.helm import Helm, ReleaseResult
from localcloud.kubernetes.releases import Release, read_releases

KUBERNETES = "1.33.0"


def stack(folder: Path, **release: Any) -> Path:
    """A synthesised stack with one release of a small chart of its own."""
    chart = folder / "assets" / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("level: info\n")
    (chart / "templates" / "settings.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: {{ .Values.level | quote }}}\n"
    )
    body = {"name": "hello", "namespace": "shop", "chart": "./assets/chart", "version": "1.0.0", **release}
    document = {"resource": {"helm_release": {"hello": {key: body[key] for key in body if body[key] is not None}}}}
    (folder / "cdk.tf.json").write_text(json.dumps(document))
    return folder


def only(folder: Path) -> Release:
    (release,) = read_releases(folder)
    return release


def test_chart_version_and_values_are_those_of_the_stack(tmp_path: Path) -> None:
    release = only(stack(tmp_path, values=["level: debug"], timeout=60, atomic=True, create_namespace=True))
    assert (release.name, release.namespace, release.version) == ("hello", "shop", "1.0.0")
    assert release.chart == str((tmp_path / "assets" / "chart").resolve())
    assert (release.values, release.timeout, release.atomic) == (("level: debug",), 60, True)


def test_what_the_stack_leaves_out_is_the_providers_default(tmp_path: Path) -> None:
    release = only(stack(tmp_path, namespace=None))
    assert (release.namespace, release.timeout, release.wait, release.atomic) == ("default", 300, True, False)


def test_a_stack_without_releases_has_none(tmp_path: Path) -> None:
    (tmp_path / "cdk.tf.json").write_text("{}")
    assert read_releases(tmp_path) == []


def test_a_stack_that_is_not_synthesised_is_refused_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError) as raised:
        read_releases(tmp_path)
    assert raised.value.fix == "gw synth"


def test_a_release_that_only_terraform_could_make_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="refers to other resources"):
        only(stack(tmp_path, values=["host: ${aws_db_instance.main.address}"]))
    with pytest.raises(SynthesisError, match="set_sensitive is understood by Terraform's Helm provider only"):
        only(stack(tmp_path, set_sensitive=[{"name": "password", "value": "x"}]))


def test_a_chart_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="is not in"):
        only(stack(tmp_path, chart="./assets/other"))


def test_a_changed_template_is_another_release(tmp_path: Path) -> None:
    before = only(stack(tmp_path)).fingerprint
    assert only(stack(tmp_path)).fingerprint == before
    (tmp_path / "assets" / "chart" / "templates" / "more.yaml").write_text("# more")
    assert only(tmp_path).fingerprint != before


def test_later_values_win(tmp_path: Path, helm: Helm) -> None:
    release = only(stack(tmp_path, values=["level: debug", "level: error"]))
    assert '{level: "error"}' in helm.render(release, kube_version=KUBERNETES)


def test_a_template_that_fails_says_which_release_and_why(tmp_path: Path, helm: Helm) -> None:
    folder = stack(tmp_path)
    (tmp_path / "assets" / "chart" / "templates" / "bad.yaml").write_text('{{ fail "no region given" }}')
    with pytest.raises(ReleaseFailed, match=r"helm_release\.hello does not render: (.|\n)*no region given"):
        helm.render(only(folder), kube_version=KUBERNETES)


def test_no_cluster_is_an_error_that_names_the_release(tmp_path: Path, helm: Helm) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    with pytest.raises(ReleaseFailed, match=r"helm_release\.hello: the cluster does not answer"):
        helm.apply(only(stack(tmp_path)), kubeconfig)


# ── helm's answers, by a program that records its calls and answers as helm 3 does ─────────────────
class Recorder:
    """A program in place of helm that needs no cluster."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "helm"
        self.helm = Helm(self.path, os.environ, run)
        self.calls_file = folder / "calls"
        self.status_file = folder / "status"
        self.path.write_text(
            "#!/bin/sh\n"
            f'echo "$KUBECONFIG|$HELM_KUBECONTEXT|$*" >> {self.calls_file}\n'
            f'[ "$1" = status ] || exit 0\n'
            f"[ -f {self.status_file} ] && exec cat {self.status_file}\n"
            'echo "Error: release: not found" >&2; exit 1\n'
        )
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    def set_status(self, status: str, description: str = "") -> None:
        """What `helm status` reports from now on."""
        self.status_file.write_text(json.dumps({"info": {"status": status, "description": description}}))

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines()

    @property
    def verbs(self) -> list[str]:
        return [call.split("|")[2].split()[0] for call in self.calls]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    (tmp_path / "bin").mkdir()
    return Recorder(tmp_path / "bin")


def test_a_release_gets_the_flags_that_the_stack_sets(tmp_path: Path, recorder: Recorder) -> None:
    release = only(stack(tmp_path, atomic=True, create_namespace=True, timeout=60, max_history=10))
    assert recorder.helm.apply(release, tmp_path / "kc") is ReleaseResult.RELEASED
    call = recorder.calls[-1]
    for flag in ("--install", "--atomic", "--wait", "--create-namespace", "--timeout 60s", "--history-max 10"):
        assert flag in call


def test_the_second_time_nothing_is_released(tmp_path: Path, recorder: Recorder) -> None:
    release = only(stack(tmp_path))
    recorder.set_status("deployed", f"groundwork {release.fingerprint}")
    assert recorder.helm.apply(release, tmp_path / "kc") is ReleaseResult.UNCHANGED
    assert recorder.verbs == ["status"]


def test_a_changed_value_is_released(tmp_path: Path, recorder: Recorder) -> None:
    release = only(stack(tmp_path))
    recorder.set_status("deployed", f"groundwork {release.fingerprint}")
    changed = replace(release, values=("level: debug",))
    assert recorder.helm.apply(changed, tmp_path / "kc") is ReleaseResult.RELEASED


@pytest.mark.parametrize(("status", "action"), [("pending-install", "uninstall"), ("pending-upgrade", "rollback")])
def test_a_run_that_was_killed_is_cleared_up_first(
    tmp_path: Path, recorder: Recorder, status: str, action: str
) -> None:
    recorder.set_status(status)
    recorder.helm.apply(only(stack(tmp_path)), tmp_path / "kc")
    assert recorder.verbs == ["status", action, "upgrade"]


def test_the_cluster_of_the_callers_shell_is_never_used(tmp_path: Path, recorder: Recorder) -> None:
    environ = {**os.environ, "KUBECONFIG": "/their/own", "HELM_KUBECONTEXT": "production"}
    helm, release = Helm(recorder.path, environ, run), only(stack(tmp_path))
    helm.apply(release, tmp_path / "kc")
    helm.remove(release, tmp_path / "kc")
    assert all(call.startswith("||") and f"--kubeconfig {tmp_path / 'kc'}" in call for call in recorder.calls)


# ── manifests ──────────────────────────────────────────────────────────────────────────────────────
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"


def test_a_valid_object_and_an_object_of_a_custom_kind_are_told_apart() -> None:
    custom = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: b}\n"
    checked = manifests.check(f"{SERVICE}---\n{custom}", kube_version="1.33")
    assert (checked.valid, checked.skipped) == (("Service/a",), ("Widget/b",))


def test_every_problem_is_named_with_object_and_field() -> None:
    wrong_type = SERVICE.replace("80", "eighty")
    unknown = SERVICE.replace("spec: {", "spec: {prots: [], ").replace("name: a", "name: c")
    with pytest.raises(ReleaseFailed) as raised:
        manifests.check(f"{wrong_type}---\n{unknown}", kube_version="1.33")
    first, second = raised.value.message.splitlines()
    assert first.startswith("Service/a: spec.ports.0.port: ")
    assert second.startswith("Service/c: spec: ")
    assert "prots" in second


def test_an_unknown_version_of_kubernetes_fails_the_check() -> None:
    with pytest.raises(ReleaseFailed, match=r"no schemas of Kubernetes 1\.99"):
        manifests.check(SERVICE, kube_version="1.99.0")


def test_an_empty_render_fails_the_check() -> None:
    with pytest.raises(ReleaseFailed, match="nothing was rendered"):
        manifests.check("---\n", kube_version="1.33")
