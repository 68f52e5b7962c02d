"""What an environment says of a service's secrets is what the chart takes: its schema refuses anything else."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from groundwork.toolchain.process import run
from localcloud.kubernetes.helm import Helm
from localcloud.kubernetes.releases import Release
from stacks.blocks.cluster.service_release import CHART, chart_values
from stacks.values.workloads import Workload

OF_STORE = {
    "store": "aws",
    "store_kind": "ClusterSecretStore",
    "refresh": "10m",
    "keys": {"DATABASE_URL": {"key": "acme-dev/hello/access", "property": "url"}, "TOKEN": {"key": "acme-dev/hello/t"}},
}
OF_VAULT = {
    "address": "https://vault.example.com:8200",
    "ca_secret": "authority",
    "auth_mount": "eks",
    "role": "hello",
    "audience": "vault.example.com",
    "static": {"mount": "kv", "path": "hello"},
    "dynamic": {"mount": "database", "path": "creds/hello"},
}


def rendered(helm: Path, **source: Any) -> str:
    workload = Workload(namespace="hello", image="ghcr.io/example/hello", tag="1.2.3", **source)
    values = json.dumps(chart_values(workload, workload.image))
    release = Release(
        address="helm_release.hello", name="hello", namespace="hello", chart=str(CHART), version="", values=(values,)
    )
    return Helm(helm, os.environ, run).render(release, kube_version="1.33.0")


@pytest.mark.row("0.10", "1.7", "4.17")
@pytest.mark.parametrize(
    ("source", "kinds", "names"),
    [
        ({"secrets": ["access"]}, set(), {"access"}),
        ({"external_secrets": OF_STORE, "secrets_revision": "2"}, {"ExternalSecret"}, {"hello-secrets"}),
        (
            {"vault": OF_VAULT},
            {"VaultConnection", "VaultAuth", "VaultStaticSecret", "VaultDynamicSecret"},
            {"hello-secrets", "hello-credentials"},
        ),
        ({}, set(), set()),
    ],
    ids=["existing", "external-secrets", "vault", "none"],
)
def test_one_value_of_an_environment_says_where_secrets_come_from(
    helm: Path, source: dict[str, Any], kinds: set[str], names: set[str]
) -> None:
    text = rendered(helm, **source)
    assert set(re.findall(r"^kind: (\w*(?:Vault|ExternalSecret)\w*)$", text, re.MULTILINE)) == kinds
    assert set(re.findall(r"secretRef:\s+name: (\S+)", text)) == names


def test_every_field_of_a_source_reaches_the_chart(helm: Path) -> None:
    text = rendered(helm, external_secrets=OF_STORE) + rendered(helm, vault=OF_VAULT)
    expected = [
        "kind: ClusterSecretStore",
        "refreshInterval: 10m",
        'key: "acme-dev/hello/access"',
        'property: "url"',
        'address: "https://vault.example.com:8200"',
        "caCertSecretRef: authority",
        'mount: "eks"',
        'role: "hello"',
        'audiences: ["vault.example.com"]',
        'path: "creds/hello"',
    ]
    assert not [each for each in expected if each not in text]
