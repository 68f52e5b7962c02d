"""Stacks are applied behind those they read; what goes for good goes last, but before what it reads."""

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


def test_a_stack_comes_behind_what_it_reads_and_independent_ones_together() -> None:
    assert batches(bundles(a=(), b=("a",), c=("a",), d=("b", "c"), e=())) == [["a", "e"], ["b", "c"], ["d"]]


def test_what_is_not_among_them_is_waited_for_by_nobody() -> None:
    assert batches(bundles(b=("a",))) == [["b"]]


def test_a_destroyed_stack_goes_before_its_upstream_and_after_all_readers() -> None:
    ordered = batches(bundles(network=(), other=(), reader_gone=("network",), base_gone=(), leaf_gone=("base_gone",)))
    place = {stack: number for number, batch in enumerate(ordered) for stack in batch}
    assert place["other"] < place["reader_gone"] < place["network"], ordered
    assert place["network"] < place["leaf_gone"] < place["base_gone"], ordered
