"""Renders a review as GitHub-flavoured Markdown, for one sticky comment or for several where it is too long for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import indent
from urllib.parse import quote

from groundwork.review.model import AttributeChange, Kind, Line, ResourceChange, Review, Rule, Severity, StackReview
from groundwork.review.render import parts, summary
from groundwork.review.render.attribute_lines import DiffLine, attribute_lines
from groundwork.review.render.blob_urls import BlobUrls
from groundwork.review.render.escaping import block, code, html_code, html_text, prose
from groundwork.review.render.parts import Item, Section
from groundwork.review.render.summary import RiskGroup, Tone

NO_CHANGE = "no change"
_TONES = {Tone.QUIET: "🟢", Tone.CHANGE: "🟡", Tone.DANGER: "🔴", Tone.UNKNOWN: "⚪"}
_SEVERITIES = {Severity.HIGH: "🔴", Severity.MEDIUM: "🟠", Severity.LOW: "🔵"}
_KINDS = {
    Kind.ADDED: "`+`", Kind.REMOVED: "`−`", Kind.CHANGED: "`~`", Kind.RENAMED: "`↪`",  # noqa: RUF001 - as in the table
    Kind.FORGOTTEN: "`∅`",
}  # fmt: skip
_MOST_PLACES = 6
_OF_ADDRESSES = ":/?#[]@!$&'*+,;=%~"
"""Characters that stay in an address as they are; parentheses would end a link."""
_MOST_ADVICE, _LONGEST_ADVICE = 30, 300


def markdown(review: Review, *, limit: int = 65_000, blob_url: str = "") -> list[str]:
    """The comments, the first with the whole summary; each has at most `limit` characters (at least 20,000).

    `blob_url` is the address of head's files (`https://github.com/owner/repo/blob/COMMIT`); with it, lines of Python
    are links. Where nothing changed, the only comment is NO_CHANGE.
    """
    if limit < parts.SHORTEST_LIMIT:
        raise ValueError(f"limit={limit} is below {parts.SHORTEST_LIMIT}, so a single change might not fit")
    mark = summary.fingerprint(review)
    if summary.nothing_changed(review):
        return parts.framed([NO_CHANGE], mark)
    links = Links(blob_url, base=review.base)
    shown = [stack for stack in review.stacks if summary.is_shown(stack)]
    first, left_over = _summary(review, shown, links, limit - parts.RESERVED - 200)
    sections = [_stack(stack, links) for stack in shown]
    if left_over:
        more = f"🔎 <b>{len(left_over)} more risks</b>"
        sections.insert(0, Section(more, tuple(Item(line) for line in left_over)))
    return parts.framed(parts.paginate(first, sections, limit=limit), mark)


def _summary(review: Review, shown: Sequence[StackReview], links: Links, budget: int) -> tuple[str, list[str]]:
    """Verdict, table, risks and waves; and the risks that did not fit."""
    verdict = summary.verdict(review)
    head = [f"### {_TONES[verdict.tone]} {prose(verdict.title)}", ""]
    head[1] = " ".join(
        prose(sentence) for sentence in (verdict.risks, verdict.stacks, verdict.resources, verdict.unjudged) if sentence
    )
    if verdict.bill:
        head.append(prose(verdict.bill))
    head.append(f"{code(review.base[:12])} → {code(review.head[:12])}")
    table = _table(review, shown, budget // 3)
    waves = [*_unjudged(review, budget // 4), *_waves(review, budget // 4)]
    room = budget - sum(len(text) + 2 for text in (*head, *table, *waves)) - 200
    risks, left_over = _risks(review, links, room)
    return "\n\n".join([*head, *risks, *table, *waves]), left_over


def _table(review: Review, shown: Sequence[StackReview], room: int) -> list[str]:
    columns = summary.environments(shown)
    numbers = summary.wave_numbers(review)
    rows = {
        name: {environment: _cell(stack, numbers.get(stack.stack, 0)) for environment, stack in row.items()}
        for name, row in summary.matrix(shown).items()
    }
    several = len(set(numbers.values())) > 1
    lines = [
        "| Stack | " + " | ".join(html_code(environment) for environment in columns) + " |",
        "|:--" * (len(columns) + 1) + "|",
    ]
    size, left = sum(map(len, lines)), len(rows)
    for name, cells in rows.items():
        line = f"| {html_code(name)} | " + " | ".join(cells.get(environment, "") for environment in columns) + " |"
        if size + len(line) > room:
            break
        lines.append(line)
        size, left = size + len(line) + 1, left - 1
    text = ["\n".join(lines)] if len(lines) > 2 else []
    if left:
        text.append(f"The table leaves out {left} more stacks to save room; each has its section below.")
    untouched = len(review.stacks) - len(shown)
    legend = "`+` added, `~` changed, `−` removed"  # noqa: RUF001 - as in the cells
    if any(stack.resources and summary.counts(stack).renamed for stack in shown):
        legend += ", `↪` renamed"
    if any(stack.resources and summary.counts(stack).forgotten for stack in shown):
        legend += ", `∅` no longer managed"
    if several:
        legend += ". A wave is applied after the one before it"
    if untouched:
        legend += f". {untouched} {'stack is' if untouched == 1 else 'stacks are'} untouched and left out"
    return [*text, f"<sub>{legend}.</sub>"]


def _cell(stack: StackReview, number: int) -> str:
    status = summary.status(stack)
    wave = f" · wave {number}" if number else ""
    return f"{_TONES[status.tone]} **{html_text(status.word)}**<br>{status.counts}{wave}"


def _risks(review: Review, links: Links, room: int) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    left_over: list[str] = []
    for group in summary.risk_groups(review):
        line = _risk(group, links)
        fits = not left_over and len(line) < room
        (lines if fits else left_over).append(line)
        room -= len(line) + 1
    if left_over:
        lines.append(f"- … and {len(left_over)} more below")
    return ["#### Risks\n\n" + "\n".join(lines)] if lines else [], left_over


def _risk(group: RiskGroup, links: Links) -> str:
    addresses = list(dict.fromkeys(address for _, address in group.places if address))
    stacks = list(dict.fromkeys(stack for stack, _ in group.places))
    where = " in ".join(filter(None, (_some(addresses), _some(stacks))))
    origin = f" · {links.to(group.origin[0])}" if group.origin else ""
    rule = f" · {_rule(group.rule)}" if group.rule else ""
    label = f"{_SEVERITIES[group.severity]} **{group.concern.value.capitalize()}** ({group.severity.value})"
    return f"- {label}: {prose(group.sentence)}<br>{where}{origin}{rule}{_advice(group.advice)}"


def _rule(rule: Rule) -> str:
    """The organisation's rule behind a finding: its name, the page with its reason, and who answers for it."""
    return f"rule [{code(rule.name)}]({quote(rule.docs, safe=_OF_ADDRESSES)}) of {prose(rule.owner)}"


def _advice(advice: str) -> str:
    """The Python of an advice as a block inside a list's item."""
    if not advice:
        return ""
    lines = advice.split("\n")
    shown = [line[:_LONGEST_ADVICE] for line in lines[:_MOST_ADVICE]]
    if len(lines) > _MOST_ADVICE:
        shown.append(f"# … {len(lines) - _MOST_ADVICE} more lines are in review.json")
    return "\n" + indent(block(shown, "python"), "  ")


def _unjudged(review: Review, room: int) -> list[str]:
    """What could not be judged, and the files that no rule looks at; also that none of them could be read."""
    lines = [f"- {code(each.what)}: {prose(each.why)}" for each in review.not_judged]
    if review.unjudged is None:
        lines.append(
            "- Workflows, owners, packages and the tool itself are not compared: read them in the pull request."
        )
    for file in review.unjudged or ():
        facts = "".join(f"<br>{prose(fact)}" for fact in file.facts)
        lines.append(f"- {code(file.path)}: {file.decides}{facts}")
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            lines[number:] = [f"- … and {len(lines) - number} more"]
            break
    return ["#### Not judged\n\n" + "\n".join(lines)] if lines else []


def _waves(review: Review, room: int) -> list[str]:
    waves = summary.waves(review)
    if not waves:
        return []
    if len(waves) == 1:
        return ["#### Order\n\nOne wave: no stack waits for another one's apply."]
    lines = ["#### Order", "", "Each wave is applied after the one before it; a later one is checked again then.", ""]
    for wave in waves:
        names = [html_code(stack.stack) for stack in wave.stacks]
        line = f"{wave.number}. {', '.join(names)}"
        if sum(map(len, lines)) + len(line) > room:
            line = f"{wave.number}. {len(names)} stacks"
        lines.append(line)
    return ["\n".join(lines)]


def _stack(stack: StackReview, links: Links) -> Section:
    status = summary.status(stack)
    title = f"{_TONES[status.tone]} {html_code(stack.stack)} {html_text(status.word)} · {status.counts}"
    items = []
    if stack.plan and stack.plan.why:
        items.append(Item(f"Why: {prose(stack.plan.why)}"))
    items += attribute_items("Settings", stack.settings)
    items += attribute_items("Outputs", stack.outputs)
    items += [resource_item(resource, links=links) for resource in stack.resources]
    if stack.plan and stack.plan.text.strip():
        text = tuple(stack.plan.text.strip("\n").split("\n"))
        items.append(Item("**Terraform's plan**", "**Terraform's plan**, continued", "text", text))
    return Section(title, tuple(items) or (Item("Nothing to list."),))


def attribute_items(title: str, changes: Iterable[AttributeChange]) -> list[Item]:
    """Attributes below a title; nothing without attributes."""
    lines = [line for change in changes for line in attribute_lines(change)]
    return [Item(f"**{title}**", f"**{title}**, continued", "diff", _diff(lines))] if lines else []


def resource_item(resource: ResourceChange, *, word: str = "", links: Links | None = None) -> Item:
    """A resource with the attributes that differ. `word` is what happens to it, where the kind does not say it."""
    replaced = summary.is_replaced(resource)
    word = word or ("replaced" if replaced else resource.kind.value)
    name = code(resource.address)
    if resource.renamed_from:
        name = f"{code(resource.renamed_from)} → {name}"
    heading = f"{'`±`' if replaced else _KINDS[resource.kind]} **{html_text(word)}** {name}"
    if resource.origin and links:
        heading += f" · {links.to(resource.origin[0])}"
    changed = [
        line
        for change in resource.attributes
        for line in attribute_lines(change, replaces=replaced and change.path in resource.forces_replacement)
    ]
    return Item(heading, f"… {name}, continued", "diff", _diff(changed))


def _diff(lines: Iterable[DiffLine]) -> tuple[str, ...]:
    return tuple(f"{line.sign} {line.text}" for line in lines)


def _some(names: Sequence[str]) -> str:
    text = ", ".join(code(name) for name in names[:_MOST_PLACES])
    return text + (f" and {len(names) - _MOST_PLACES} more" if len(names) > _MOST_PLACES else "")


class Links:
    """Writes lines of Python as links, or as text where the address of their commit's files is unknown."""

    def __init__(self, blob_url: str, *, base: str) -> None:
        self._urls = BlobUrls(blob_url, base=base)

    def to(self, line: Line) -> str:
        """A line, as a link where its address is known."""
        shown = code(f"{line.file}:{line.line}", 200)
        url = self._urls.of(line)
        return f"[{shown}]({url})" if url else shown
