"""What main's plans do differently from what the pull request's run showed, as Markdown for whoever approves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from groundwork.plan.attributes import Attributes, PlannedChange
from groundwork.review.model import AttributeChange
from groundwork.review.render import parts
from groundwork.review.render.escaping import code, html_code, html_text
from groundwork.review.render.markdown import attribute_items, resource_item
from groundwork.review.render.parts import Item, Section

_SIZE_LIMIT = 450_000  # characters, as in groundwork.plan.markdown
_MOST_GONE = 30
"""Lines for stacks that only the pull request names, which may be any number."""


def markdown(environment: str, number: int, now: Iterable[Attributes], then: Mapping[str, Attributes]) -> str:
    """One line per stack, and a closed section with the attributes of each that differs.

    `then` is what the pull request's run showed. It is a stranger's text: it is escaped, and decides nothing.
    """
    lines = [f"### {html_text(environment)}: compared with what pull request {number} showed", ""]
    sections = []
    stacks = {attributes.stack: attributes for attributes in now if attributes.resources or attributes.outputs}
    for name, planned in stacks.items():
        items = list(_differences(planned, then.get(name) or Attributes(stack=name, resources=(), outputs=())))
        if items:
            word = "differs" if name in then else "not shown there"
            lines.append(f"- {html_code(name)}: **{word}**")
            sections.append(Section(f"{html_code(name)}: {word}", tuple(items)))
        else:
            lines.append(f"- {html_code(name)}: as the pull request showed")
    gone = sorted(then.keys() - stacks.keys())
    for name in gone[:_MOST_GONE]:
        lines.append(f"- {html_code(name)}: **differs**: it was shown there, and nothing of it changes now")
    if len(gone) > _MOST_GONE:
        lines.append(f"- and {len(gone) - _MOST_GONE} more stacks that were shown there, and do not change now")
    if not stacks and not then:
        lines.append("Nothing changes, as the pull request showed.")
    lines += ["", "Hidden values and values that are known after the apply only are not compared.", ""]
    shown, *more = parts.paginate("\n".join(lines), sections, limit=_SIZE_LIMIT)
    return f"{shown}\n" + ("\nThe rest does not fit here.\n" if more else "")


def _differences(now: Attributes, then: Attributes) -> Iterator[Item]:
    before = {each.resource.address: each for each in then.resources}
    for planned in now.resources:
        shown = before.pop(planned.resource.address, None)
        if shown is None:
            yield resource_item(planned.resource, word=f"{planned.word}, not shown there:")
        elif shown != planned:
            yield _item(planned, shown)
    for gone in before.values():
        yield Item(f"**{html_text(gone.word)}** {code(gone.resource.address)} was shown there, and is not planned now")
    yield from attribute_items("Outputs, as shown there (-) and now (+)", _attributes(now.outputs, then.outputs))


def _item(now: PlannedChange, then: PlannedChange) -> Item:
    changed = tuple(_attributes(now.resource.attributes, then.resource.attributes))
    word = now.word if now.word == then.word else f"{now.word} (there: {then.word})"
    resource = now.resource.model_copy(update={"attributes": changed, "forces_replacement": ()})
    return resource_item(resource, word=f"{word}; as shown there (-) and now (+):")


def _attributes(now: Iterable[AttributeChange], then: Iterable[AttributeChange]) -> Iterator[AttributeChange]:
    """What they would be, there as `before` and now as `after`; what they are today where only that differs."""
    here, there = ({change.path: change for change in changes} for changes in (now, then))
    for path in sorted(here.keys() | there.keys()):
        mine, theirs = here.get(path), there.get(path)
        if mine == theirs:
            continue
        if mine is None or theirs is None or mine.after != theirs.after:
            yield AttributeChange(path=path, before=theirs and _end(theirs), after=mine and _end(mine))
        else:
            yield AttributeChange(path=f"{path} (today)", before=theirs.before, after=mine.before)


def _end(change: AttributeChange) -> str:
    return "(removed)" if change.after is None else change.after
