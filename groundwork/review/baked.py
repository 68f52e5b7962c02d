"""Literals that were hidden as secrets: where code has written one into Terraform in plain text."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.review.provider_facts import facts
from groundwork.review.replacement import without_indices
from groundwork.review.values import Masked, Value, leaves


def literals(value: Value) -> list[str]:
    """The paths of hidden strings, without those that Terraform evaluates."""
    return [path for path, leaf in leaves(value) if isinstance(leaf, Masked) and leaf.literal]


def outside_sensitive(kind: str, body: Mapping[str, Value]) -> list[str]:
    """The paths of hidden literals of a resource, or data source (`data.TYPE`), that its schema calls not sensitive."""
    sensitive = facts().sensitive.get(kind, frozenset())
    return [path for path in dict.fromkeys(literals(dict(body))) if without_indices(path) not in sensitive]
