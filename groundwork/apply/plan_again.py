"""Plans a provisional stack once more, after what it reads was applied: is it still what was approved?"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace

from groundwork.apply import held
from groundwork.gate import world
from groundwork.gate.world import Comparison
from groundwork.plan import digest
from groundwork.plan.archive import PLAN
from groundwork.plan.bundle import Stored
from groundwork.plan.extracted import Extracted
from groundwork.plan.fingerprint import semantic_digest
from groundwork.refusals import Code, Refusal
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.plan_run import PlanRun, plan_file, state_of
from groundwork.toolchain.secure_tempdir import private_folder

_NAMED = 6  # resources that a sentence names before it only counts


@dataclass(frozen=True)
class PlanAgain:
    """`store` says whether a plan does what the approved one does."""

    store: PlanStore

    def plan(self, extracted: Extracted, stored: Stored) -> tuple[Extracted, Refusal | None]:
        """Plan a stack from its bundle's folder against the states as they are now.

        The same changes: the new plan takes the place of the approved one, which was made from outputs that were
        planned only. Other changes: WAVE_DIFFERS, and nothing is touched.
        """
        stack, workspace = stored.stack, extracted.workspace
        folder, bundle = extracted.folder(stack), extracted.bundles[stack]
        run = PlanRun(folder, stack, workspace.tools.terraform, workspace.environ(stack))
        run.init()
        with private_folder() as private:
            fresh = run.plan(private / PLAN, initialised=True)
            if not self.store.same_changes(stored, semantic_digest(fresh)):
                found = world.compare(run.show(plan_file(folder)), fresh, same=False)
                return extracted, _differs(stack, found)
            shutil.copyfile(private / PLAN, plan_file(folder))
        files = {**bundle.files, PLAN: digest.of_file(plan_file(folder))}
        final = bundle.model_copy(update={"files": files, "state": state_of(plan_file(folder))})
        return replace(extracted, bundles={**extracted.bundles, stack: final}), None


def _differs(stack: str, found: Comparison) -> Refusal:
    drifted = [f"{address} ({', '.join(names)}, changed outside)" for address, names in sorted(found.drift.items())]
    what = _listed([*found.different, *drifted]) or "in what its fingerprint covers"
    sentence = f"after its upstream was applied, its plan is not the one that was approved: {what}"
    return Refusal(Code.WAVE_DIFFERS, sentence, held.again(stack), stack)


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + more
