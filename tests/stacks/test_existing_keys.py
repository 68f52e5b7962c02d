"""Whoever may not make KMS keys names existing ones, for everything that is encrypted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stacks.values.keys import Keys
from tests.support.catalog import documents
from tests.support.pipeline_roles import allowed, delivery
from tests.support.synth import environment, resources

# An account that keeps everybody's keys.
NAMES = ("state.key_arn", "cluster.key_arn", *(f"keys.{name}" for name in Keys.model_fields))
EVERYTHING = {
    "state": {"replica_region": "eu-west-1"},
    "singletons": {"github_repository": "acme/platform", "alerts": {"emails": ["a@acme.example"]}},
    "data": {"postgres": {}},
    "delivery": {
        "runner_label": None,
        "runners": {"connection_arn": "arn:aws:codeconnections:eu-west-2:111122223333:connection/a", "group": 7},
    },
}


def arn(name: str) -> str:
    region = "eu-west-1" if name == "keys.state_replica" else "eu-west-2"
    return f"arn:aws:kms:{region}:999988887777:key/{name}"


def values(*names: str, **changes: Any) -> dict[str, Any]:
    """The environment's values with these existing keys."""
    made = json.loads(json.dumps({**EVERYTHING, **changes}))
    for name in names:
        section, _, key = name.partition(".")
        made.setdefault(section, {})[key] = arn(name)
    return made


def synthesised(folder: Path, *names: str, **changes: Any) -> Any:
    return documents(folder, environment(**values(*names, **changes)))


def test_with_every_key_named_only_the_key_that_signs_plans_is_made(tmp_path: Path) -> None:
    made = synthesised(tmp_path / "made")
    keys = [key for document in made.values() for key in resources(document, "aws_kms_key")]
    assert len(keys) == len(NAMES) + 1, "a key that a stack makes has no value"

    named = synthesised(tmp_path / "named", *NAMES)
    (mac,) = [key for document in named.values() for key in resources(document, "aws_kms_key")]
    assert mac["key_usage"] == "GENERATE_VERIFY_MAC"
    texts = "".join(json.dumps(document.get("resource", {})) for document in named.values())
    assert [name for name in NAMES if arn(name) not in texts] == []
    assert set(re.findall(r"kms:ResourceAliases\W+(alias/[\w-]+)", texts)) == {"alias/acme-dev-plan-mac"}


def test_flow_logs_in_a_bucket_take_the_existing_key_too(tmp_path: Path) -> None:
    network = synthesised(tmp_path, "keys.flow_logs", network={"flow_logs": "s3"})["dev-network"]
    assert not resources(network, "aws_kms_key")
    (rules,) = resources(network, "aws_s3_bucket_server_side_encryption_configuration")
    assert arn("keys.flow_logs") in json.dumps(rules)


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_another_region_is_refused_by_name(name: str) -> None:
    """KMS developer guide: services use keys of their own Region."""
    section, _, key = name.partition(".")
    elsewhere = values()
    elsewhere.setdefault(section, {})[key] = arn(name).replace("eu-west", "us-east")
    with pytest.raises(ValueError, match=f"{name} is a key of us-east-"):
        environment(**elsewhere)


@pytest.mark.parametrize(
    ("role", "action", "name"),
    [
        ("plan", "kms:GenerateDataKey", "keys.plans"),
        ("plan", "kms:Decrypt", "keys.deployed"),
        ("apply", "kms:Decrypt", "keys.plans"),
        ("apply", "kms:GenerateDataKey", "keys.deployed"),
        ("apply", "kms:Decrypt", "state.key_arn"),
        ("apply", "kms:CreateGrant", "cluster.key_arn"),
        ("apply", "kms:CreateGrant", "keys.api"),
        ("apply", "kms:CreateGrant", "keys.data"),
    ],
)
def test_the_pipeline_uses_the_named_keys_and_no_others_of_that_account(role: str, action: str, name: str) -> None:
    named = delivery(**values(*NAMES))
    assert allowed(named, role, action, arn(name))
    assert not allowed(named, role, action, arn("another"))


def test_the_planner_reads_a_function_s_variables_with_the_named_key() -> None:
    context = {
        "kms:ViaService": "lambda.eu-west-2.amazonaws.com",
        "kms:EncryptionContext:aws:lambda:FunctionArn": "arn:aws:lambda:eu-west-2:111122223333:function:acme-dev-a",
    }
    named = delivery(**values("keys.api"))
    assert allowed(named, "plan", "kms:Decrypt", arn("keys.api"), context)
    assert not allowed(named, "plan", "kms:Decrypt", arn("another"), context)
