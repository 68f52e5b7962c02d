"""Arguments that the locked providers know, by type of resource or data source.

Those of the AWS provider come from `terraform providers schema -json` and are committed, so that the check needs no
provider. Blocks inside a resource are left to the provider, which refuses what it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from groundwork.preflight.data_sources import DATA_SOURCES

FILE = Path(__file__).with_name("aws_arguments.json")

_OTHERS = {
    # Terraform's own provider (developer.hashicorp.com/terraform/language/resources/terraform-data).
    "terraform_data": "input triggers_replace",
    # What the stacks set. Of the other arguments of helm_release 3.1 these are dangerous: `postrender` runs a program;
    # `repository…`, `dependency_update`, `devel` and `verify` fetch charts while planning; `keyring`,
    # `repository_ca_file` and others read a file of the job.
    "helm_release": """
        atomic chart cleanup_on_fail create_namespace lint max_history name namespace reset_values timeout values
        version wait wait_for_jobs
    """,
}
_DENIED = {
    "aws_dataexchange_revision_assets": "uploads a file of the job to an address of its choice",
}
"""Types that may not be used although the provider knows them, with the reason."""


def arguments(type_: str) -> frozenset[str] | None:
    """What a resource, or a data source (`data.…`), may set; None for a type that may not be used."""
    known = None if type_ in _DENIED else _known().get(type_)
    return None if known is None else frozenset(known.split())


def extract(schema: Mapping[str, Any]) -> str:
    """The text of FILE from the output of `terraform providers schema -json`: a line per type.

    tests/review/test_provider_facts.py writes it for another version of the provider.
    """
    (provider,) = schema["provider_schemas"].values()
    types = dict(provider["resource_schemas"])
    types |= {f"data.{name}": about for name, about in provider["data_source_schemas"].items() if name in DATA_SOURCES}
    lines = [f"{json.dumps(name)}: {json.dumps(' '.join(_settable(type_['block'])))}" for name, type_ in types.items()]
    return "{\n" + ",\n".join(sorted(lines)) + "\n}\n"


@cache
def _known() -> dict[str, str]:
    read: dict[str, str] = json.loads(FILE.read_bytes())
    return read | _OTHERS


def _settable(block: Mapping[str, Any]) -> list[str]:
    attributes = block.get("attributes", {})
    settable = {name for name, about in attributes.items() if about.get("optional") or about.get("required")}
    return sorted(settable | block.get("block_types", {}).keys())
