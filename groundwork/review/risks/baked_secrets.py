"""Secrets written into the code: they reach the commit, the state, the plan, and whoever may read any of these."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.review import assets
from groundwork.review.baked import literals, outside_sensitive
from groundwork.review.compare import Change, StackComparison
from groundwork.review.model import REDACTED, Concern, Risk, Severity
from groundwork.review.risks.pods import objects_of
from groundwork.review.values import Masked, Value


def find(stack: StackComparison) -> Iterator[Risk]:
    """Literals that are newly hidden, outside of attributes that the provider's schema calls sensitive."""
    for change in stack.changes:
        after = change.after
        if after is None:
            continue
        kind = f"data.{after.type}" if after.is_data else after.type
        before = set(literals(dict(change.before.body))) if change.before else set()
        new = [path for path in dict.fromkeys(literals(dict(after.body))) if path not in before]
        paths = [path for path in outside_sensitive(kind, after.body) if path not in before]
        # What a release's values hold is in its objects too.
        for path in paths or ([] if new else [*_in_objects(stack, change), *_in_code(stack, change)]):
            yield change.risk(Concern.SECRETS, Severity.HIGH, _sentence(path))
    for output in stack.outputs:
        name = output.path
        declared = dict(stack.after.outputs).get(name, {}) if stack.after else {}
        known = dict(stack.before.outputs).get(name, {}) if stack.before else {}
        if literals(declared) and not literals(known):
            yield stack.risk(Concern.SECRETS, Severity.HIGH, _sentence(f"output {name}"))


def _in_objects(stack: StackComparison, change: Change) -> list[str]:
    """The paths of literals in the objects of a Helm release that its chart newly holds."""
    before = set(literals(objects_of(stack.before, change.before)))
    return [path for path in dict.fromkeys(literals(objects_of(stack.after, change.after))) if path not in before]


def _in_code(stack: StackComparison, change: Change) -> list[str]:
    """The files of an asset's Python in which more is hidden than before."""
    if stack.before is None or stack.after is None:
        return []
    return [
        path
        for path, was, now in assets.texts(change.attributes, stack.before, stack.after)
        if _hidden(now) > _hidden(was)
    ]


def _hidden(text: Value) -> int:
    return text.shown.count(REDACTED) if isinstance(text, Masked) else 0


def _sentence(where: str) -> str:
    return f"{where} looks like a secret in plain text: name where it is kept instead, and replace the secret."
