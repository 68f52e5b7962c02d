"""Programs and foreign code that Terraform starts or fetches: provisioners, `external`, modules, new providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groundwork.review import assets
from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import Concern, Risk, Severity
from groundwork.review.values import Value, as_list, blocks, identity, value_at

_AT_EVERY_PLAN = {"data.external", "data.http"}
"""Data sources that run a program or ask an address while Terraform plans."""


def find(stack: StackComparison) -> Iterator[Risk]:
    """What a stack newly starts, fetches or runs."""
    for change in stack.changes:
        if change.after is not None:
            yield from _started(change)
            yield from _packages(stack, change)
    if stack.after is None:
        return
    before = stack.before.settings if stack.before else {}
    yield from _modules(stack, before, stack.after.settings)
    if stack.before is not None:
        yield from _providers(stack, before, stack.after.settings)


def _started(change: Change) -> Iterator[Risk]:
    after = change.after
    assert after is not None  # noqa: S101 - the caller checks it
    before: Mapping[str, Value] = change.before.body if change.before else {}
    known = {identity(item) for item in as_list(before.get("provisioner"))}
    for item in blocks(after.body.get("provisioner")):
        if identity(item) not in known:
            yield _risk(change, f"An apply starts a program: provisioner {', '.join(item)}.")
    kind = f"data.{after.type}"
    if after.is_data and kind in _AT_EVERY_PLAN:
        what = "program" if after.type == "external" else "url"
        if before.get(what) != after.body.get(what):
            verb = "starts a program" if what == "program" else "asks another server"
            yield _risk(change, f"Every plan {verb}: {kind}.")


def _packages(stack: StackComparison, change: Change) -> Iterator[Risk]:
    """Packages of a function whose files differ although their version does not: no version shows what runs."""
    if stack.before is None or stack.after is None:
        return
    for name, was, now in assets.packages(change.attributes, stack.before, stack.after):
        if assets.same_version(was, now):
            sentence = f"The files of package {name} {was.partition(' ')[0]} differ, although its version is the same."
            yield change.risk(Concern.PROGRAMS, Severity.MEDIUM, sentence)


def _modules(stack: StackComparison, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    known: Mapping[str, Value] = before.get("module") or {}
    for name, body in (after.get("module") or {}).items():
        source = value_at(body, "source")
        if name not in known:
            severity = Severity.MEDIUM if str(source).startswith("./") else Severity.HIGH
            sentence = f"Module {name} is new, from {source}: the review does not see what it makes."
            yield stack.risk(Concern.PROGRAMS, severity, sentence)


def _providers(stack: StackComparison, before: Mapping[str, Value], after: Mapping[str, Value]) -> Iterator[Risk]:
    known: Mapping[str, Value] = value_at(dict(before), "terraform", "required_providers") or {}
    for name, body in (value_at(dict(after), "terraform", "required_providers") or {}).items():
        if name not in known:
            source = value_at(body, "source")
            sentence = f"Provider {name} is new, from {source}: its program runs with the stack's credentials."
            yield stack.risk(Concern.PROGRAMS, Severity.HIGH, sentence)


def _risk(change: Change, sentence: str) -> Risk:
    return change.risk(Concern.PROGRAMS, Severity.HIGH, sentence)
