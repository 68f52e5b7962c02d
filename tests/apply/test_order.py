"""Stacks are applied after the stacks they read; stacks to destroy come last, and before the stacks they read."""

from __future__ import annotations

from groundwork.apply.order import batches
from groundwork.plan.bundle import Bundle


def bundles(**stacks: tuple[str, ...]) -> dict[str, Bundle]:
    """Stack → what it reads; a name that ends in `_gone` is destroyed."""
    return {
        name: Bundle.model_construct(
            stack=name, purpose="destroy" if name.endswith("_gone") else "apply", dependencies=reads
        )
        for name, reads in stacks.items()
    }


def test_a_stack_comes_after_what_it_reads_and_independent_stacks_together() -> None:
    assert batches(bundles(a=(), b=("a",), c=("a",), d=("b", "c"), e=())) == [["a", "e"], ["b", "c"], ["d"]]


def test_a_stack_does_not_wait_for_an_upstream_that_is_not_applied() -> None:
    assert batches(bundles(b=("a",))) == [["b"]]


def test_a_destroyed_stack_comes_before_its_upstream_and_after_applies() -> None:
    ordered = batches(bundles(network=(), other=(), reader_gone=("network",), base_gone=(), leaf_gone=("base_gone",)))
    place = {stack: number for number, batch in enumerate(ordered) for stack in batch}
    assert place["other"] < place["reader_gone"] < place["network"], ordered
    assert place["network"] < place["leaf_gone"] < place["base_gone"], ordered
