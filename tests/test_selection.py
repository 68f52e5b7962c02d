"""Which stacks a command line selects, and which others they need."""

from __future__ import annotations

import pytest

from groundwork.errors import StackBlocked, UsageError
from groundwork.plan.prerequisites import batches, blocked, complete, dependants, require, require_unread
from groundwork.selection import environment_of, select

STACKS = ["dev-network", "dev-api", "eu-prod-network", "eu-network"]
ENVIRONMENTS = {"dev", "eu", "eu-prod"}


def test_no_argument_selects_every_stack_in_deploy_order() -> None:
    assert select([], STACKS, ENVIRONMENTS) == STACKS


def test_an_environment_selects_its_stacks_and_not_those_of_eu_prod() -> None:
    assert select(["eu"], STACKS, ENVIRONMENTS) == ["eu-network"]
    assert environment_of("eu-prod-network", ENVIRONMENTS) == "eu-prod"


def test_each_stack_is_selected_once_and_in_deploy_order() -> None:
    assert select(["dev-api", "dev", "dev-network"], STACKS, ENVIRONMENTS) == ["dev-network", "dev-api"]


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UsageError) as caught:
        select(["dev-netwrok"], STACKS, ENVIRONMENTS)
    assert "did you mean 'dev-network'?" in str(caught.value)


def test_a_stack_whose_upstream_has_no_state_is_blocked() -> None:
    dependencies = {"dev-api": ["dev-network"]}
    assert blocked(["dev-network", "dev-api"], dependencies, lambda _: False) == {"dev-api": ["dev-network"]}
    assert blocked(["dev-api"], dependencies, lambda stack: stack == "dev-network") == {}


def test_a_stack_needs_its_upstream_deployed_or_the_error_names_both() -> None:
    with pytest.raises(StackBlocked) as caught:
        require(["dev-api"], {"dev-api": ["dev-network"]}, lambda _: False)
    assert caught.value.fix == "gw deploy dev-network dev-api"
    require(["dev-network", "dev-api"], {"dev-api": ["dev-network"]}, lambda _: False)


CHAIN = {"a": [], "b": ["a"], "c": ["b"], "d": []}


def test_a_batch_holds_stacks_that_do_not_wait_for_each_other() -> None:
    assert batches(["a", "b", "c", "d"], CHAIN) == [["a", "d"], ["b"], ["c"]]
    assert batches(["b", "c", "d"], CHAIN) == [["b", "d"], ["c"]]


def test_upstreams_and_dependants_that_were_not_selected_are_noticed() -> None:
    assert complete(["a", "b"], CHAIN)
    assert not complete(["b"], CHAIN)
    assert dependants(["a", "d"], CHAIN) == ["b"]
    assert dependants(["a", "b", "c"], CHAIN) == []


def test_a_stack_that_a_deployed_one_reads_is_not_destroyed() -> None:
    with pytest.raises(StackBlocked, match="c is deployed and reads what would be destroyed") as caught:
        require_unread(["a", "b"], CHAIN, lambda _: True)
    assert caught.value.fix == "gw destroy a b c"
    require_unread(["a", "b"], CHAIN, lambda stack: stack != "c")
