"""Would data or an orphan be destroyed, and did somebody allow that by name?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from groundwork.gate.facts import RunFacts, StackFacts
from groundwork.refusals import Code, Refusal

LABEL = "allow-destroy:"
"""Beginning of a pull request's label that means the same as the option `--allow-destroy STACK`."""


def allowed_by_labels(labels: Iterable[str]) -> frozenset[str]:
    """The stacks that a pull request's labels name."""
    return frozenset(label.removeprefix(LABEL).strip() for label in labels if label.startswith(LABEL))


def check(run: RunFacts, facts: StackFacts) -> Iterator[Refusal]:
    """PROTECTED_DESTROY and ORPHAN_NOT_APPROVED."""
    if facts.stack in run.allow_destroy:
        return
    command = f"gw deploy {facts.stack} --approved plans.json --allow-destroy {facts.stack}"
    if addresses := [address for address in facts.bundle.protected_destroys if address not in run.allow_destroy]:
        yield Refusal(
            Code.PROTECTED_DESTROY,
            f"data would be lost with {', '.join(addresses)}, and nobody has allowed it",
            f"{command} (in a pull request: label {LABEL}{facts.stack})",
            facts.stack,
        )
    if facts.bundle.purpose == "destroy" and not facts.in_code:
        yield Refusal(
            Code.ORPHAN_NOT_APPROVED,
            "the code no longer has this stack, and nobody has named it for destruction",
            command,
            facts.stack,
        )
