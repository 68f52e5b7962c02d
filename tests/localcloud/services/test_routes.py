"""Routes of the embedded AWS: no call is answered in two places, of which only the first would be seen."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from localcloud.aws import services
from localcloud.aws.routing import Route

# S3 tells its calls apart by their query: its handlers pass on what is not theirs.
ROUTES = [
    (module.__name__, route)
    for module in services.modules()
    for route in getattr(module, "ROUTES", ())
    if route.service != "s3"
]
_GROUP = re.compile(r"\(\?P<\w+>[^()]*(?:\([^()]*\)[^()]*)*\)")


def sample(route: Route) -> str:
    """A path that the route's pattern describes."""
    return _GROUP.sub("name", route.path).replace("/?", "")


def test_no_route_of_a_service_is_shadowed_by_another_module_s() -> None:
    shadowed = [
        f"{other.service} {other.method} {other.path}: {first} hides {second}"
        for (first, route), (second, other) in combinations(ROUTES, 2)
        if first != second
        and route.service == other.service
        and (route.method in {"*", other.method} or other.method == "*")
        and (re.fullmatch(route.path, sample(other)) or re.fullmatch(other.path, sample(route)))
    ]
    assert shadowed == []


@pytest.mark.parametrize("call", ["/2020-04-22/code-signing-configs/", "/2020-06-30/functions/f/code-signing-config"])
def test_code_signing_is_answered_by_one_module(call: str) -> None:
    answering = {name for name, route in ROUTES if route.service == "lambda" and re.fullmatch(route.path, call)}
    assert {name.rpartition(".")[2] for name in answering} == {"lambda_code_signing"}
