"""An environment with a MongoDB in its cluster, the release of its members, and the kind that its operator knows."""

from __future__ import annotations

import json
import zipfile
from typing import Any, Final

from ruamel.yaml import YAML

from localcloud.kubernetes.releases import Release
from stacks.blocks.cluster.mongodb_releases import MONGODB, member_values
from stacks.values import Names
from stacks.values.data import MONGODB_NAMESPACE
from tests.support.go_modules import archive_of
from tests.support.synth import environment

CLIENT: Final[dict[str, Any]] = {
    "namespace": "shop",
    "image": "ghcr.io/acme/users",
    "tag": "1.0.0",
    "egress": [{"cidr": "10.0.0.0/16", "ports": [27017]}],
}
"""A workload that may connect to the members."""
IN_CLUSTER: Final[dict[str, Any]] = {
    "data": {
        "mongodb": {"kind": "in_cluster", "services": ["users", "ledger"], "in_cluster": {"version": "8.3.4"}},
    },
    "workloads": {"users": CLIENT, "ledger": {**CLIENT, "namespace": "ledger"}},
}
# The newest of MongoDB's modules that can be downloaded, the community operator's. It was compared by hand with the
# kind in the chart of 1.9.1, which has two fields more: spec.clusterDomain, users.connectionStringSecretAnnotations.
_MODULE = "github.com/mongodb/mongodb-kubernetes-operator@v0.13.0"
_SUM = "h1:tbR6z7f3DZmeQJgPsC+Xp193kdADMzcwFGqlTvO9gh0="  # as go.sum would have it
_KIND = "config/crd/bases/mongodbcommunity.mongodb.com_mongodbcommunity.yaml"


def members() -> Release:
    """The release of the members as the stack has it."""
    values = environment(**IN_CLUSTER)
    settings = values.data.in_cluster
    assert settings
    return Release(
        address="helm_release.members",
        name="mongodb",
        namespace=MONGODB_NAMESPACE,
        chart=str(MONGODB),
        version="",
        values=(json.dumps(member_values(Names(values), settings)),),
    )


def kind() -> dict[str, Any]:
    """JSON schema of a MongoDBCommunity that refuses what the API server would drop; skips without the Go module."""
    with zipfile.ZipFile(archive_of(_MODULE, checksum=_SUM)) as archive:
        definition = YAML(typ="safe", pure=True).load(archive.read(f"{_MODULE}/{_KIND}"))
    (version,) = definition["spec"]["versions"]
    return _closed(version["schema"]["openAPIV3Schema"])


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with every object closed whose fields it lists; metadata stay open, because Kubernetes checks those."""
    made = dict(schema)
    if properties := schema.get("properties"):
        made["properties"] = {name: _closed(each) for name, each in properties.items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            made[key] = _closed(schema[key])
    return made
