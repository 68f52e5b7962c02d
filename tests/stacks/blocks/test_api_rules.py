"""Combinations of values that an API cannot have: each is refused with its reason, and documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stacks.blocks.api import api_rules
from stacks.blocks.errors import IllegalComposition
from tests.support.api import synth_api
from tests.support.synth import environment

JWT = {"issuer": "https://login.example.com", "audience": ["api"]}
PROFILE = "arn:aws:signer:{}:111122223333:/signing-profiles/release/Abc1234567"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1"

# Rule → the smallest change of the base environment that breaks only that rule.
BROKEN: dict[str, dict[str, Any]] = {
    "waf-needs-rest": {"api": {"kind": "http", "waf": True}},
    "allowed-cidrs-need-rest": {"api": {"kind": "http", "allowed_cidrs": ["10.0.0.0/8"]}},
    "api-keys-need-rest": {"api": {"kind": "http", "authorisation": "api_key"}},
    "jwt-needs-http": {"api": {"kind": "rest", "authorisation": "jwt", "jwt": JWT}},
    "jwt-needs-its-section": {"api": {"kind": "http", "authorisation": "jwt"}},
    "jwt-section-unused": {"api": {"kind": "http", "authorisation": "iam", "jwt": JWT}},
    "no-dead-letter-queue": {"api": {"dead_letter_queue": True}},
    "provisioned-within-reserved": {"api": {"function": {"reserved_concurrency": 1, "provisioned_concurrency": 2}}},
    "vpc-function-needs-endpoints": {"network": {"nat": "none", "gateway_endpoints": ["s3"]}},
    "listings-need-a-way-out": {"network": {"nat": "none"}, "api": {"function": {"source": "listings"}}},
    "host-needs-laptop": {"api": {"function": {"runtime": "host"}}},
    "certificate-in-its-region": {
        "api": {"domain": {"name": "a.example.com", "zone": "example.com", "certificate_arn": CERTIFICATE}}
    },
    "code-signing-needs-aws": {
        "target": "laptop",
        "accounts": {"main": {"id": "000000000000"}, "archive": {"id": "000000000001"}},
        "api": {"function": {"signing_profile_arns": [PROFILE.format("eu-west-2")]}},
    },
    "signing-profile-at-home": {"api": {"function": {"signing_profile_arns": [PROFILE.format("eu-west-1")]}}},
}


def test_every_rule_has_an_example_that_breaks_it() -> None:
    assert list(BROKEN) == [rule.name for rule in api_rules.RULES]


@pytest.mark.parametrize("rule", api_rules.RULES, ids=lambda rule: rule.name)
def test_a_broken_rule_is_refused_with_key_reason_and_fix(rule: api_rules.Rule) -> None:
    values = environment(**BROKEN[rule.name])
    assert [each.name for each in api_rules.RULES if each.broken(values)] == [rule.name]
    with pytest.raises(IllegalComposition) as caught:
        api_rules.check(values)
    assert str(caught.value) == f"{rule.key}: {rule.why}\n  fix: {rule.fix}"


def test_the_stack_applies_the_rules(tmp_path: Path) -> None:
    with pytest.raises(IllegalComposition) as caught:
        synth_api(tmp_path, kind="http", waf=True)
    assert str(caught.value) == (
        "api.waf: AWS WAF attaches to the stage of a REST API; an HTTP API has nothing it could attach to\n"
        "  fix: write `kind: rest`, or `waf: false` and put CloudFront with a WAF in front"
    )


def test_the_documented_table_lists_the_rules(checkout: Path) -> None:
    assert api_rules.table() in (checkout / "docs" / "architecture" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"api": {"kind": "rest", "waf": True, "authorisation": "api_key", "allowed_cidrs": ["10.0.0.0/8"]}},
        {"api": {"kind": "rest", "authorisation": "open", "allowed_cidrs": ["10.0.0.0/8"]}},
        {"api": {"kind": "http", "authorisation": "jwt", "jwt": JWT}},
        {"api": {"function": {"reserved_concurrency": -1, "provisioned_concurrency": 5}}},
        {"api": {"function": {"reserved_concurrency": 0}}},
        {"api": {"function": {"signing_profile_arns": [PROFILE.format("eu-west-2"), PROFILE.format("eu-west-1")]}}},
        {"network": {"nat": "none"}, "api": {"function": {"source": "listings", "in_vpc": False}}},
    ],
)
def test_combinations_that_aws_supports_pass(changes: dict[str, Any]) -> None:
    api_rules.check(environment(**changes))
