"""The conditions of our roles are ones that the embedded AWS can evaluate: it knows the keys that they compare."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from localcloud.aws import conditions, iam_calls, iam_context, policy, s3_calls
from tests.support.pipeline_roles import boundary, delivery, policies_of

ROLES = ("plan", "plan-pull-request", "apply", "release-images", "release-charts")
# Keys that the modules write with a variable in them.
PREFIXES = ("aws:requesttag/", "aws:resourcetag/", "kms:encryptioncontext:", "s3:")


def conditions_of_roles() -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key in lower case, and the actions of the statement."""
    policies = [each for role in ROLES for each in policies_of(delivery(), role)]
    for document in [*policies, boundary(delivery())]:
        for statement in document["Statement"]:
            actions: Any = statement["Action"]
            for operator, keys in statement.get("Condition", {}).items():
                for key in keys:
                    yield operator, key.lower(), [actions] if isinstance(actions, str) else actions


def test_every_operator_of_our_roles_is_evaluated() -> None:
    for operator in {operator for operator, _, _ in conditions_of_roles()}:
        assert conditions.holds({operator: {"aws:x": ["x"]}}, {"aws:x": ["x"]}) in {True, False}


def test_every_condition_key_of_our_roles_is_known() -> None:
    code = "".join(inspect.getsource(module) for module in (iam_calls, iam_context, policy, s3_calls))
    known = {key.lower() for key in re.findall(r'"((?:aws|kms|iam|s3):[\w:/-]+)"', code)}
    assert {key for _, key, _ in conditions_of_roles() if not key.startswith(PREFIXES)} <= known


def test_tags_are_compared_of_services_whose_tags_are_known() -> None:
    tagged = [actions for _, key, actions in conditions_of_roles() if key.startswith("aws:resourcetag/")]
    assert {action.partition(":")[0] for actions in tagged for action in actions} <= set(iam_context.TAGGED)
