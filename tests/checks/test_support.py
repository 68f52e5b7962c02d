"""`gw check` fails 60 days before AWS's support of a version ends."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from groundwork.checks import support
from stacks.values.api import Function
from stacks.values.cluster import Cluster
from stacks.values.karpenter import Karpenter

# EKS user guide, release calendar: end of standard support of 1.35. Lambda developer guide: deprecation of python3.12.
END_OF_1_35 = date(2027, 3, 27)
END_OF_PYTHON_3_12 = date(2028, 10, 31)


def stack(folder: Path, **resources: Any) -> Path:
    made = folder / "dev-x"
    made.mkdir()
    document = {"resource": {kind: {"it": body} for kind, body in resources.items()}}
    (made / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")
    return made


@pytest.mark.parametrize(
    ("kind", "body", "end"),
    [
        ("aws_eks_cluster", {"version": "1.35"}, END_OF_1_35),
        ("aws_eks_node_group", {"version": "1.35"}, END_OF_1_35),
        ("aws_eks_addon", {"addon_name": "kube-proxy", "addon_version": "v1.35.3-eksbuild.29"}, END_OF_1_35),
        ("aws_lambda_function", {"runtime": "python3.12"}, END_OF_PYTHON_3_12),
    ],
)
def test_a_version_fails_the_check_60_days_before_its_end(
    tmp_path: Path, kind: str, body: dict[str, Any], end: date
) -> None:
    folder = stack(tmp_path, **{kind: body})
    assert support.run([folder], today=end - timedelta(days=61)) == []
    (finding,) = support.run([folder], today=end - timedelta(days=60))
    assert (finding.stack, finding.address) == ("dev-x", f"{kind}.it")
    assert f"ends on {end}" in finding.what
    (ended,) = support.run([folder], today=end)
    assert f"ended on {end}" in ended.what


def test_a_version_without_a_known_end_fails_the_check(tmp_path: Path) -> None:
    addon = {"addon_name": "coredns", "addon_version": "v9.9.9-eksbuild.1"}
    (finding,) = support.run([stack(tmp_path, aws_eks_addon=addon)], today=date(2026, 11, 26))
    assert "coredns v9.9.9-eksbuild.1 has no date in support_ends.json" in finding.what
    assert "describe-addon-versions" in finding.what


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        # EKS API: "If you don't specify a value here, the default version available in Amazon EKS is used."
        ("aws_eks_cluster", {}, "version is not set"),
        ("aws_eks_cluster", {"version": None}, "version is not set"),
        ("aws_eks_addon", {"addon_name": "coredns"}, "addon_version is not set"),
        ("aws_eks_cluster", {"version": "${var.version}"}, "no version as text"),
        ("aws_eks_cluster", {"version": 1.35}, "no version as text"),
        ("aws_eks_cluster", {"version": ["1.35"]}, "no version as text"),
        ("aws_eks_node_group", {"version": "${data.aws_eks_cluster.c.version}"}, "no version as text"),
        ("aws_eks_addon", {"addon_name": "coredns", "addon_version": "${data.x.y.version}"}, "no version as text"),
        ("aws_eks_addon", {"addon_name": "${var.name}", "addon_version": "v1.0"}, "no version as text"),
        ("aws_lambda_function", {"runtime": "${local.runtime}"}, "no version as text"),
        ("aws_eks_cluster", [{"version": None}], "version is not set"),
    ],
)
def test_a_version_that_nobody_knows_before_the_apply_is_a_finding(
    tmp_path: Path, kind: str, body: Any, says: str
) -> None:
    (finding,) = support.run([stack(tmp_path, **{kind: body})], today=END_OF_1_35)
    assert says in finding.what
    assert finding.address == f"{kind}.it"


@pytest.mark.parametrize("version", [{}, {"version": None}, {"version": "${aws_eks_cluster.main.version}"}])
def test_nodes_that_get_their_cluster_s_version_need_none(tmp_path: Path, version: dict[str, Any]) -> None:
    """EKS API, CreateNodegroup: without a version, the cluster's is used; with one's own AMI it may not be set."""
    assert support.run([stack(tmp_path, aws_eks_node_group=version)], today=END_OF_1_35) == []


def test_a_function_from_an_image_has_no_runtime_to_check(tmp_path: Path) -> None:
    assert support.run([stack(tmp_path, aws_lambda_function={"package_type": "Image"})], today=END_OF_1_35) == []


@pytest.mark.row("3.8")
def test_the_default_versions_are_supported_in_november_2026(tmp_path: Path) -> None:
    """EKS 1.33 left standard support on 29 July 2026."""
    cluster = Cluster()
    addons = {name.replace("-", "_"): {"addon_name": name, "addon_version": version}
              for name, version in cluster.addons.items()}  # fmt: skip
    folder = stack(tmp_path, aws_eks_cluster={"version": cluster.version},
                   aws_lambda_function={"runtime": Function().runtime})  # fmt: skip
    document = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8"))
    document["resource"]["aws_eks_addon"] = addons
    (folder / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")
    assert support.run([folder], today=date(2026, 11, 26)) == []
    assert support.run([folder], today=END_OF_1_35)


def test_karpenters_default_version_works_with_the_default_cluster() -> None:
    """hack/docs/compatibilitymatrix_gen/compatibility.yaml of Karpenter: 1.14 works up to Kubernetes 1.36."""
    newest = support.newest_kubernetes("karpenter", Karpenter.model_fields["version"].default)
    assert newest == "1.36"
    assert int(Cluster().version.partition(".")[2]) <= int(newest.partition(".")[2])
    assert support.newest_kubernetes("karpenter", "9.9.9") is None
