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

# EKS user guide, release calendar: end of standard support of 1.35. Lambda developer guide: deprecation of python3.12.
END_OF_1_35 = date(2027, 3, 27)
END_OF_PYTHON_3_12 = date(2028, 10, 31)


def stack(folder: Path, **resources: dict[str, Any]) -> Path:
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


def test_a_function_from_an_image_has_no_runtime_to_check(tmp_path: Path) -> None:
    assert support.run([stack(tmp_path, aws_lambda_function={"package_type": "Image"})], today=END_OF_1_35) == []


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
